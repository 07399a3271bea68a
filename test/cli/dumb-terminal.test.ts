import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { openTypedTerminal } from "./typed-terminal.ts";

/** Everything but text and whole line breaks: what colours, moves or rings. */
const signs = /\p{Cc}/gu;

describe("on a terminal that only prints (TERM=dumb)", () => {
  let folder = "";
  let server: ZscProcess;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-dumb-"));
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    for (const name of ["app/one", "app/two"]) {
      await runZsc(["context", "set", name, "--owner", "ZEQ-DEV"], {}, { cwd: folder, input: "v" });
    }
    writeFileSync(join(folder, "a.env"), "A=1\nB=#2\nC\n");
    writeFileSync(join(folder, "pass"), "a passphrase of many words\n", { mode: 0o600 });
  }, 120_000);
  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true });
  });

  const open = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    openTypedTerminal(args, { cwd: folder, env: { TERM: "dumb", ...more } });
  const signsIn = (raw: string) => [...raw.replaceAll("\r\n", "").matchAll(signs)].map(([sign]) => sign);

  test.each([
    [["context", "list"], "app/one"],
    [["context", "info", "app/one"], "app/one"],
    [["context", "audit", "app/one"], "SEQ"],
    [["import", "a.env", "--prefix", "in/", "--yes", "--skip-refused"], "in/A"],
    [["export", "--passphrase-file", "pass", "-o", "all.age", "--partial"], "exported"],
    [["doctor"], "ok"],
    [["read", "app/one"], "v"],
    [["context", "info", "nothing"], "NOT_FOUND"],
    [["context", "list", "--help"], "Examples:"],
    [["no-command"], "unknown command"],
  ])(
    "%j neither colours nor moves",
    async (args, text) => {
      const terminal = open(args);
      await terminal.ended();
      expect(terminal.raw()).toContain(text);
      expect(signsIn(terminal.raw())).toEqual([]);
    },
    60_000,
  );

  test("a question is asked, and what is taken back is printed behind a backslash", async () => {
    const terminal = open(["context", "delete", "app/two"]);
    await terminal.shows(": ");
    terminal.type("app/tx\u007fwo\r");
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw()).toContain("app/tx\\xwo\r\n");
    expect(signsIn(terminal.raw())).toEqual([]);
  }, 60_000);

  test("a value is asked for, and not shown", async () => {
    const terminal = open(["context", "set", "typed"]);
    await terminal.shows(": ");
    terminal.type("s3crex\u007ft\r");
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw()).not.toContain("s3cr");
    expect(signsIn(terminal.raw())).toEqual([]);
  }, 60_000);
});
