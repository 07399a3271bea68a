import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureDevelopmentKey } from "../../src/config/development-key.ts";
import { OperatorError } from "../../src/domain/operator-error.ts";
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
});
