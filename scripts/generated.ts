import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Says which files of `actual` are not what `fresh` holds; whether all are, and there is any. */
export function isFresh(actual: string, fresh: string, command: string): boolean {
  const expected = filesIn(fresh);
  const found = filesIn(actual);
  const stale = [...new Set([...expected.keys(), ...found.keys()])].filter(
    (path) => expected.get(path) !== found.get(path),
  );
  for (const path of stale) {
    console.error(`${actual}/${path} is stale: run ${command}`);
  }
  console.log(`${actual}/: ${found.size} files, ${stale.length} stale`);
  return stale.length === 0 && found.size > 0;
}

/** Contents by path. What Python makes of a module when it runs it is none of them. */
function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith(".pyc"),
  );
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")];
    }),
  );
}
