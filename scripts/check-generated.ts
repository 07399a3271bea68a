// Generates the code again into a temporary folder and compares: exit code 1 when gen/ is not what the schema gives.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const fresh = mkdtempSync(join(tmpdir(), "zsc-gen-"));
try {
  execFileSync("buf", ["generate", "--output", fresh], { stdio: "inherit" });
  const expected = filesIn(join(fresh, "gen"));
  const actual = filesIn("gen");
  const stale = [...new Set([...expected.keys(), ...actual.keys()])].filter(
    (path) => expected.get(path) !== actual.get(path),
  );
  for (const path of stale) {
    console.error(`gen/${path} is stale: run npm run generate`);
  }
  console.log(`gen/: ${actual.size} files, ${stale.length} stale`);
  process.exitCode = stale.length === 0 && actual.size > 0 ? 0 : 1;
} finally {
  rmSync(fresh, { recursive: true });
}

/** Contents by path. */
function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")];
    }),
  );
}
