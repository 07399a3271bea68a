import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";

const root = join(__dirname, "../..");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** The packages that the program imports when it runs: types alone need none. */
function imported(): readonly string[] {
  const files = globSync(["src/**/*.ts", "bin/*.mjs", "gen/**/*.js"], { cwd: root });
  const packages = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const statements = text.matchAll(
      /^(?:import|export)(?! type)\s(?:[^;]*?\sfrom\s)?"([^"]+)"|\bimport\("([^"]+)"\)/gm,
    );
    return [...statements].map(([, from, lazy]) => from ?? lazy ?? "");
  });
  const names = packages
    .filter((name) => !/^[.#]|^node:/.test(name) && !builtinModules.includes(name))
    .map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
  return [...new Set(names)].sort();
}

test("the package depends on what the program imports, and on nothing else", () => {
  expect(imported()).toContain("mysql2");
  expect(Object.keys(dependencies).sort()).toEqual(imported());
});
