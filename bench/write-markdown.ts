import { readFileSync, writeFileSync } from "node:fs";

const begin = "<!-- run: begin -->";
const end = "<!-- run: end -->";

/** Replaces what stands between the marks of a Markdown file. */
export function writeIntoMarkdown(path: string, text: string): void {
  const old = readFileSync(path, "utf8");
  const from = old.indexOf(begin);
  const to = old.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(`${path} lacks the lines ${begin} and ${end}`);
  }
  writeFileSync(path, `${old.slice(0, from + begin.length)}\n\n${text}\n\n${old.slice(to)}`);
}
