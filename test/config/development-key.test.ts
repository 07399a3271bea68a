import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { OperatorError } from "../../src/base/operator-error.ts";
import { ensureDevelopmentKey } from "../../src/config/development-key.ts";
import { useFolder } from "./config-fixtures.ts";

const folder = useFolder();

describe("a development key", () => {
  test("is the same for processes that begin at once", async () => {
    const module = join(__dirname, "../../src/config/development-key.ts");
    const program = `
      import { ensureDevelopmentKey } from ${JSON.stringify(module)};
      console.log(ensureDevelopmentKey(${JSON.stringify(folder.path("data"))}, "master.key").text());`;
    const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
    const keys = (await Promise.all(Array.from({ length: 6 }, run))).map(({ stdout }) => stdout.trim());
    expect(new Set(keys).size).toBe(1);
    expect(readFileSync(folder.path("data/master.key"), "utf8")).toBe(`${keys[0]}\n`);
    expect(readdirSync(folder.path("data"))).toEqual(["master.key"]);
  });

  test.each(["", "\n", "canary", "0f".repeat(31), "0f".repeat(33)])(
    "is not replaced when its file holds %j",
    (text) => {
      const path = folder.write("master.key", text);
      const ensure = () => ensureDevelopmentKey(folder.path("."), "master.key");
      expect(ensure).toThrow(OperatorError);
      expect(ensure).toThrow(/master\.key holds no key/);
      expect(ensure).not.toThrow(/canary/);
      expect(readFileSync(path, "utf8")).toBe(text);
    },
  );

  test("names the folder that cannot be used", () => {
    folder.write("file", "");
    expect(() => ensureDevelopmentKey(folder.path("file"), "jwt.secret")).toThrow(/file.jwt\.secret .*ZSC_DATA_DIR/);
  });

  test.each([0o755, 0o750, 0o701, 0o720])("is not kept in a folder of mode %o", (mode) => {
    mkdirSync(folder.path("data"));
    chmodSync(folder.path("data"), mode);
    const ensure = () => ensureDevelopmentKey(folder.path("data"), "master.key");
    expect(ensure).toThrow(OperatorError);
    expect(ensure).toThrow(/data is open to other users: chmod 700 /);
    expect(readdirSync(folder.path("data"))).toEqual([]);
  });

  test("is not taken from a file that others can open", () => {
    folder.write("master.key", "0f".repeat(32), 0o640);
    expect(() => ensureDevelopmentKey(folder.path("."), "master.key")).toThrow(/master\.key is open .* chmod 600 /);
  });

  test("is not kept in a folder of another user", () => {
    const ofAnother = () => {
      mkdirSync(folder.path("data"), { mode: 0o700 });
      chownSync(folder.path("data"), 65_534, 65_534);
      return folder.path("data");
    };
    // Only root can give a folder away; anybody else finds one of root's.
    const dataDir = process.geteuid?.() === 0 ? ofAnother() : "/etc";
    expect(() => ensureDevelopmentKey(dataDir, "master.key")).toThrow(/belongs to another user/);
  });
});
