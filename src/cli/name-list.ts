import { usage } from "./failure.ts";

/**
 * The names of a flag, with commas between. A comma of a name is written `\,`, a backslash before one `\\`; any other
 * backslash is one of the name.
 *
 * @throws CliFailure when one of them is empty
 *
 * @example
 * splitNames(String.raw`a,b\,c`); // ["a", "b,c"]
 */
export function splitNames(text: string): readonly string[] {
  const names = [""];
  for (const [part] of text.matchAll(/\\[,\\]|./gsu)) {
    if (part === ",") {
      names.push("");
    } else {
      names.push(`${names.pop() ?? ""}${part.length === 2 && part.startsWith("\\") ? part.slice(1) : part}`);
    }
  }
  if (names.includes("")) {
    throw usage("a name is empty", "NAME,NAME, with \\, for a comma of a name");
  }
  return names;
}

/** What `splitNames` reads as these names. */
export function joinNames(names: readonly string[]): string {
  return names.map((name) => name.replace(/[\\,]/g, "\\$&")).join(",");
}
