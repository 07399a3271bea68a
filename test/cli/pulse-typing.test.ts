import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { widthOf } from "../../src/cli/output/width.ts";
import { createKnownNames } from "../../src/cli/shell/names.ts";
import { canary, ctrlC, prompt, usePulseVault } from "./pulse-vault.ts";
import { openTypedTerminal } from "./typed-terminal.ts";

describe("typing in zsc pulse", () => {
  const { at, zsc, open, leave, rowsOf, history } = usePulseVault();

  describe("Tab", () => {
    test("completes commands, flags, choices and names, and one look for names is one row", async () => {
      const shell = await open();
      const before = await rowsOf("admin_list");
      shell.type("con\t");
      await shell.shows("context ");
      shell.type("inf\t");
      await shell.shows("info ");
      expect(await rowsOf("admin_list")).toBe(before);
      shell.type("db-p\t");
      await shell.shows("db-password ");
      shell.type("--js\t");
      await shell.shows("--json ");
      shell.type(`${ctrlC}context rm two\t`);
      await shell.shows("'two words' ");
      shell.type(`${ctrlC}context list --sort la\t`);
      await shell.shows("last-read ");
      shell.type(`${ctrlC}context info \t\t`);
      await shell.shows("db-password");
      await shell.shows("db-user");
      await shell.shows("'two words'");
      shell.type(ctrlC);
      await shell.shows(prompt);
      expect(await rowsOf("admin_list")).toBe(before + 1);
      await leave(shell);
      expect(shell.raw()).not.toContain("\u202e");
    }, 60_000);

    test("looks once a minute, and is quiet about a vault that is away or says nothing", async () => {
      const flags = { url: at.url, tokenFile: join(at.folder, "admin.jwt") };
      let nowMs = 0;
      const names = createKnownNames(flags, () => nowMs);
      const before = await rowsOf("admin_list");
      expect(await names.beginningWith("db-")).toEqual(["db-password", "db-user"]);
      nowMs = 59_999;
      expect(await names.beginningWith("two")).toEqual(["two words"]);
      expect(await names.beginningWith("evil")).toEqual([]);
      expect(await rowsOf("admin_list")).toBe(before + 1);
      nowMs = 60_000;
      expect(await names.beginningWith("db-u")).toEqual(["db-user"]);
      expect(await rowsOf("admin_list")).toBe(before + 2);
      for (const away of [at.silentUrl, "http://127.0.0.1:9"]) {
        expect(await createKnownNames({ ...flags, url: away }).beginningWith("")).toEqual([]);
      }
    }, 60_000);
  });

  describe("the history", () => {
    test("holds what was run, for its owner only, and no value", async () => {
      const shell = await open();
      const lines = [
        "probe db-user ZEQ-DEV",
        `context set valued --owner ZEQ-DEV --value ${canary}`,
        `context set valued --yes --value=${canary}`,
        `context set valued --yes --va'lue' ${canary}`,
        `context set valued ${canary}`,
        canary,
        " whoami",
        "context info valued",
        "context info valued",
      ];
      for (const line of lines) {
        shell.type(`${line}\r`);
        await shell.shows(prompt);
      }
      // The line before is there; those with a value are not, in this shell neither.
      shell.type("\u001b[A\u001b[A\u001b[A\u001b[A\u001b[A");
      await shell.shows("probe db-user ZEQ-DEV");
      shell.type(ctrlC);
      await shell.shows(prompt);
      await leave(shell);
      expect(history()).toBe("probe db-user ZEQ-DEV\ncontext info valued\n");
      const modes = [join(at.state, "zsc"), join(at.state, "zsc", "pulse-history")].map(
        (path) => statSync(path).mode & 0o777,
      );
      expect(modes).toEqual([0o700, 0o600]);
      expect(readdirSync(join(at.state, "zsc"))).toEqual(["pulse-history"]);
      expect((await zsc(["read", "valued"])).stdout).toBe(canary);
      expect(at.server.stdout() + at.server.stderr()).not.toContain(canary);

      const again = await open();
      again.type("\u001b[A");
      await again.shows("context info valued");
      again.type(ctrlC);
      await again.shows(prompt);
      await leave(again);
    }, 90_000);

    test("keeps a thousand lines, those of other shells too, and one that others can read is left alone", async () => {
      const path = join(at.state, "zsc", "pulse-history");
      mkdirSync(join(at.state, "zsc"), { mode: 0o700 });
      writeFileSync(path, Array.from({ length: 1_000 }, (_, index) => `line ${index}\n`).join(""), { mode: 0o600 });
      const [first, second] = [await open(), await open()];
      first.type("whoami\r");
      await first.shows(prompt);
      second.type("probe db-user ZEQ-DEV\r");
      await second.shows(prompt);
      await Promise.all([leave(first), leave(second)]);
      const kept = history().trimEnd().split("\n");
      expect([kept.length, kept[0], ...kept.slice(-2)]).toEqual([1_000, "line 2", "whoami", "probe db-user ZEQ-DEV"]);
      chmodSync(path, 0o644);
      const third = openTypedTerminal(["pulse"], { cwd: at.folder, env: { XDG_STATE_HOME: at.state } });
      await third.shows(`no history is kept: ${path} is open to other users (chmod 600 ${path})`);
      await third.shows(prompt);
      third.type("context info db-user\r");
      await third.shows(prompt);
      await leave(third);
      expect(history()).not.toContain("context info db-user");
    }, 90_000);
  });

  describe("what is shown", () => {
    test("fits 40 columns, and hidden characters of names are written out", async () => {
      const shell = await open([], { columns: 40 });
      shell.type("context list\r");
      const shown = await shell.shows(prompt);
      expect(shown).toContain("evil/\\u{202e}gnp.exe");
      expect(shell.raw()).not.toContain("\u202e");
      for (const line of shown.split("\r\n")) {
        expect([line, widthOf(line) <= 40]).toEqual([line, true]);
      }
      shell.type(`context info "\u{1f469}\u200d\u{1f680}e\u0301"\r`);
      await shell.shows("version:");
      await shell.shows(prompt);
      // A line of several rows, edited at its begin; the keys of a terminal that would obey them are left out.
      shell.type(`db-user ZEQ-${"x".repeat(60)}\u009b31m\u0001probe \u0005\r`);
      await shell.shows("denied");
      await shell.shows(prompt);
      shell.type(`${"y".repeat(5_000)}\r`);
      await shell.shows("the line is too long");
      await shell.shows(prompt);
      shell.type("probe db-user ZEQ-DEV\r");
      await shell.shows("granted");
      await shell.shows(prompt);
      await leave(shell);
      expect(shell.raw()).not.toContain("\u009b");
    }, 60_000);

    test("has no colour and no movement on a terminal that knows none", async () => {
      const shell = await open([], { env: { TERM: "dumb" } });
      shell.type("context list\n");
      await shell.shows("db-user");
      await shell.shows(prompt);
      shell.type(`half a line${ctrlC}`);
      await shell.shows(prompt);
      shell.type("clear\n");
      await shell.shows(prompt);
      await leave(shell);
      expect(shell.raw()).not.toContain("\u001b");
    }, 60_000);
  });

  describe("with thousands of secrets", () => {
    test("Ctrl-C lets an import finish what it has begun, and it can be resumed in the same shell", async () => {
      const lines = Array.from({ length: 3_000 }, (_, index) => `N${index}=v${index}\n`);
      writeFileSync(join(at.folder, "many.env"), lines.join(""));
      const shell = await open();
      shell.type("import many.env --prefix many/ --yes\r");
      await shell.shows(" of 3000 written");
      shell.type(ctrlC);
      const told = await shell.shows(prompt);
      expect(told).toMatch(/zsc: \d+ of 3000 were written: interrupted\r\n {2}next: the same command with --resume/);
      shell.type("import many.env --prefix many/ --yes --resume\r");
      await shell.shows(prompt);
      shell.type("context list --prefix many/ --json\r");
      await shell.shows('"count":3000');
      await shell.shows(prompt);
      await leave(shell);
      expect(history().split("\n")).toHaveLength(4);
    }, 90_000);

    test("names beyond the first thousand are looked up by what is typed, a minute later", async () => {
      let nowMs = 0;
      const names = createKnownNames({ url: at.url, tokenFile: join(at.folder, "admin.jwt") }, () => nowMs);
      expect(await names.beginningWith("two")).toEqual([]);
      expect(await names.beginningWith("db-")).toEqual(["db-password", "db-user"]);
      nowMs = 60_000;
      expect(await names.beginningWith("two")).toEqual(["two words"]);
    }, 30_000);
  });
});
