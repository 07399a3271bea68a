import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { widthOf } from "../../src/cli/output/width.ts";
import { createKnownNames } from "../../src/cli/shell/names.ts";
import { runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { openTypedTerminal, type TypedTerminal } from "./typed-terminal.ts";

const ctrlC = "\u0003";
const ctrlD = "\u0004";
const canary = "cAnArY-8f3e1d";
const prompt = "pulse> ";

describe("zsc pulse", () => {
  let folder = "";
  let state = "";
  let server: ZscProcess;
  let url = "";
  let adminToken = "";
  /** Accepts connections and says nothing. */
  let silent: Server;
  let silentUrl = "";

  const zsc = (args: readonly string[], { input, env = {} }: { input?: string; env?: Record<string, string> } = {}) =>
    runZsc(
      args,
      { XDG_CONFIG_HOME: join(folder, "config"), XDG_STATE_HOME: state, ...env },
      { cwd: folder, ...(input === undefined ? {} : { input }) },
    );
  const script = async (lines: readonly string[], ...flags: readonly string[]) => {
    const { code, stdout, stderr } = await zsc(["pulse", ...flags], {
      input: lines.map((line) => `${line}\n`).join(""),
      env: { ZSC_NO_INPUT: "1" },
    });
    return { code, stdout, stderr };
  };
  /** A shell whose first prompt is there. */
  const open = async (
    flags: readonly string[] = [],
    { env = {}, columns = 100 }: { env?: Record<string, string>; columns?: number } = {},
  ): Promise<TypedTerminal> => {
    const all = { XDG_CONFIG_HOME: join(folder, "config"), XDG_STATE_HOME: state, ...env };
    const shell = openTypedTerminal(["pulse", ...flags], { cwd: folder, env: all, columns });
    await shell.shows(prompt);
    return shell;
  };
  const leave = async (shell: TypedTerminal) => {
    shell.type(ctrlD);
    expect(await shell.ended()).toBe(0);
  };
  const rowsOf = async (type: string): Promise<number> => {
    const answer = await fetch(`${url}/api/zsc/log?type=${type}&limit=500`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    return ((await answer.json()) as { rows: unknown[] }).rows.length;
  };
  const history = () => readFileSync(join(state, "zsc", "pulse-history"), "utf8");

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-pulse-"));
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    url = JSON.parse(readFileSync(join(folder, ".zsc", "vault.json"), "utf8")).url;
    adminToken = (await zsc(["token", "--dev", "--role", "admin", "--zid", "ZEQ-ALICE"])).stdout.trim();
    writeFileSync(join(folder, "admin.jwt"), adminToken, { mode: 0o600 });
    silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    for (const name of [
      "db-password",
      "db-user",
      "two words",
      "evil/\u202egnp.exe",
      "\u{1f469}\u200d\u{1f680}e\u0301",
    ]) {
      expect(await zsc(["context", "set", name, "--owner", "ZEQ-DEV"], { input: "v" })).toMatchObject({ code: 0 });
    }
  }, 120_000);
  beforeEach(() => {
    state = mkdtempSync(join(folder, "state-"));
  });
  afterAll(async () => {
    silent.close();
    await server.end();
    rmSync(folder, { recursive: true });
  });

  describe("on a terminal", () => {
    test("runs one command after the other, whatever one of them comes to, and says once which vault it is", async () => {
      const shell = await open();
      shell.type("probe db-password ZEQ-DEV\r");
      await shell.shows("granted");
      shell.type("zsc context info nope\r");
      await shell.shows('NOT_FOUND: no secret "nope"');
      shell.type("probe db-password ZEQ-STRANGER\r");
      await shell.shows("denied: neither owner nor permitted");
      shell.type("no-such-command\r");
      await shell.shows("unknown command 'no-such-command'");
      shell.type(`context info 'two words'\r`);
      await shell.shows("two words");
      await shell.shows("version:");
      await shell.shows(prompt);
      shell.type("  exit \r");
      expect(await shell.ended()).toBe(0);
      expect(stripVTControlCharacters(shell.raw()).split("development vault ./.zsc as ZEQ-ADMIN")).toHaveLength(2);
    }, 60_000);

    test("asks for a value, and what was typed ahead is neither an answer nor a command", async () => {
      const shell = await open();
      shell.type(`context set asked --owner ZEQ-DEV\rtyped-ahead-${canary}\r`);
      await shell.shows("value: ");
      shell.type(`asked-${canary}\r`);
      await shell.shows("set asked");
      await shell.shows(prompt);
      shell.type("quit\r");
      expect(await shell.ended()).toBe(0);
      expect(shell.raw()).not.toContain(canary);
      expect((await zsc(["read", "asked"])).stdout).toBe(`asked-${canary}`);
    }, 60_000);

    test("pasted lines are commands, each with its own prompt", async () => {
      const shell = await open();
      shell.type("probe db-user ZEQ-DEV\rprobe db-user ZEQ-NO\rwhoami\r");
      await shell.shows(`granted\r\n${prompt}probe db-user ZEQ-NO`);
      await shell.shows(`${prompt}whoami`);
      await shell.shows("chosen by:");
      await shell.shows(prompt);
      await leave(shell);
    }, 60_000);

    test("Ctrl-C clears a line, and ends a command in one line, without leaving", async () => {
      const connected = once(silent, "connection");
      const shell = await open();
      shell.type(`context delete db-user${ctrlC}`);
      await shell.shows(`^C\r\n${prompt}`);
      shell.type(`context list --url ${silentUrl} --token-file admin.jwt\r`);
      await connected;
      shell.type(ctrlC);
      expect(await shell.shows(prompt)).toMatch(/\^C\r\nzsc: interrupted\r\n.*pulse> $/s);
      shell.type("context delete db-user\r");
      await shell.shows("Type its name: ");
      shell.type(ctrlC);
      expect(await shell.shows(prompt)).toContain("zsc: interrupted");
      shell.type("probe db-user ZEQ-DEV\r");
      await shell.shows("granted");
      await shell.shows(prompt);
      await leave(shell);
    }, 60_000);

    test("leaves no connection behind a command", async () => {
      const open_ = new Set<Socket>();
      let count = 0;
      const proxy = createServer((socket) => {
        const upstream = connect(Number(new URL(url).port), "127.0.0.1");
        open_.add(socket);
        count += 1;
        socket.on("close", () => open_.delete(socket)).on("error", () => undefined);
        socket
          .pipe(upstream)
          .on("error", () => undefined)
          .pipe(socket);
      }).listen(0, "127.0.0.1");
      await once(proxy, "listening");
      const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const shell = await open(["--url", proxyUrl, "--token-file", "admin.jwt"]);
      for (const command of ["probe db-user ZEQ-DEV", "context info nope", "probe db-user ZEQ-DEV"]) {
        shell.type(`${command}\r`);
        await shell.shows(prompt);
      }
      while (open_.size > 0) {
        await sleep(10);
      }
      expect(count).toBe(3);
      await leave(shell);
      proxy.close();
    }, 60_000);

    test("its flags hold for its commands, and its token goes to no vault that a line names", async () => {
      const shell = await open(["--url", url, "--token-file", "admin.jwt", "--json"]);
      expect(stripVTControlCharacters(shell.raw())).toContain(`vault ${url} as ZEQ-ALICE (admin)`);
      shell.type("whoami\r");
      await shell.shows(`"url":"${url}","source":"flag","profile":null,"zid":"ZEQ-ALICE"`);
      shell.type(`context list --url ${silentUrl}\r`);
      await shell.shows(`"detail":"not signed in to ${silentUrl}"`);
      shell.type("whoami --dev\r");
      await shell.shows('"source":"dev","profile":null,"zid":"ZEQ-ADMIN"');
      await shell.shows(prompt);
      await leave(shell);
    }, 60_000);

    test("a token that has expired is said, and another one can be given here", async () => {
      const short = (
        await zsc(["token", "--dev", "--role", "admin", "--zid", "ZEQ-SHORT", "--ttl", "1s"])
      ).stdout.trim();
      const { exp } = JSON.parse(Buffer.from(short.split(".")[1] ?? "", "base64url").toString());
      while (Date.now() <= exp * 1_000) {
        await sleep(50);
      }
      mkdirSync(join(folder, "config", "zsc"), { recursive: true, mode: 0o700 });
      const ended = new Date(exp * 1_000).toISOString();
      const session = { admin: { token: short, zid: "ZEQ-SHORT", expiresAt: ended, endsAt: ended } };
      writeFileSync(
        join(folder, "config", "zsc", "sessions.json"),
        JSON.stringify({ version: 1, sessions: { [url]: session } }),
        { mode: 0o600 },
      );
      const shell = openTypedTerminal(["pulse", "--url", url], {
        ...{ cwd: folder, env: { XDG_CONFIG_HOME: join(folder, "config"), XDG_STATE_HOME: state } },
      });
      await shell.shows(`the session at ${url} has ended`);
      await shell.shows(prompt);
      shell.type("context list\r");
      await shell.shows(`the session at ${url} has ended`);
      await shell.shows(`sign in again, here: login ${url} --token-stdin`);
      await shell.shows(prompt);
      shell.type(`login ${url} --token-stdin\r`);
      await shell.shows("token: ");
      shell.type(`${adminToken}\r`);
      await shell.shows(`${url} as ZEQ-ALICE (admin)`);
      shell.type("context list --prefix db-u\r");
      await shell.shows("db-user");
      await shell.shows(prompt);
      await leave(shell);
      expect(shell.raw()).not.toContain(adminToken);
      expect(history()).not.toContain(adminToken);
      const file = await open(["--url", url, "--token-file", "short.jwt"]).catch(() => undefined);
      expect(file).toBeUndefined();
    }, 90_000);
  });

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
      const flags = { url, tokenFile: join(folder, "admin.jwt") };
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
      for (const away of [silentUrl, "http://127.0.0.1:9"]) {
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
      const modes = [join(state, "zsc"), join(state, "zsc", "pulse-history")].map(
        (path) => statSync(path).mode & 0o777,
      );
      expect(modes).toEqual([0o700, 0o600]);
      expect(readdirSync(join(state, "zsc"))).toEqual(["pulse-history"]);
      expect((await zsc(["read", "valued"])).stdout).toBe(canary);
      expect(server.stdout() + server.stderr()).not.toContain(canary);

      const again = await open();
      again.type("\u001b[A");
      await again.shows("context info valued");
      again.type(ctrlC);
      await again.shows(prompt);
      await leave(again);
    }, 90_000);

    test("keeps a thousand lines, those of other shells too, and one that others can read is left alone", async () => {
      const path = join(state, "zsc", "pulse-history");
      mkdirSync(join(state, "zsc"), { mode: 0o700 });
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
      const third = openTypedTerminal(["pulse"], { cwd: folder, env: { XDG_STATE_HOME: state } });
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

  describe("what is of another shell", () => {
    test("is refused in a sentence", async () => {
      const shell = await open(["--dev"]);
      const sentences = [
        ["context list | wc", "this is no shell for pipes, files or several commands: |"],
        ["read db-user > file", "commands: >"],
        ["whoami && whoami", "commands: &&"],
        ["context info 'open", "a quote is not closed: '"],
        [
          "run --only db-user -- sh -c 'echo $DB_USER'",
          "next: zsc run --dev --only db-user -- sh -c 'echo $DB_USER', in your own shell",
        ],
        ["serve --dev", "a server runs in a process of its own"],
        ["pulse", "this is the shell already"],
        ["exit 3", "exit takes no arguments"],
        ["help", "In the shell zsc may be left out before a command."],
        ["help context", "list secrets, without their values"],
        ["completion bash", "Tab completes here by itself"],
        ["import -", "standard input belongs to the shell"],
        ["user create a@b.example --password-stdin", "standard input belongs to the shell"],
      ] as const;
      for (const [line, sentence] of sentences) {
        shell.type(`${line}\r`);
        await shell.shows(sentence);
        await shell.shows(prompt);
      }
      shell.type(`context info "$HOME"\r`);
      await shell.shows('no secret "$HOME"');
      await shell.shows(prompt);
      await leave(shell);
      expect(existsSync(join(folder, "file"))).toBe(false);
    }, 60_000);
  });

  describe("piped", () => {
    test("runs a command a line, without prompt, history and questions, to the first that fails", async () => {
      const ran = await script([
        "# what there is",
        "",
        "probe db-user ZEQ-DEV",
        "  # indented",
        "context info 'two words' --json",
        "context info nope",
        "context set after-the-failure --value x",
      ]);
      expect(ran).toMatchObject({
        code: 5,
        stderr: 'zsc: NOT_FOUND: no secret "nope"\n  next: zsc context list --contains nope\nzsc: stopped at line 6\n',
      });
      const [granted, info] = ran.stdout.trimEnd().split("\n");
      expect([granted, JSON.parse(info ?? "").secret.name]).toEqual(["granted", "two words"]);
      expect((await zsc(["context", "info", "after-the-failure"])).code).toBe(5);
      expect(readdirSync(state)).toEqual([]);
    }, 60_000);

    test.each([
      [["context list --prefix db-u --json", "exit", "context info nope"], 0, ""],
      [["context set db-user", "v"], 2, "there is no terminal to ask on"],
      [["context delete db-user", "db-user"], 2, "there is no terminal to ask on"],
      [["import -", "A=b"], 2, "standard input belongs to the shell"],
      [["whoami", "probe db-user ZEQ-NO", "context info nope"], 1, "zsc: stopped at line 2"],
      [["read db-user >x"], 2, "commands: >"],
    ])(
      "%j ends with %i",
      async (lines, code, sentence) => {
        const ran = await script(lines);
        expect(ran.code).toBe(code);
        expect(ran.stderr).toContain(sentence);
      },
      30_000,
    );

    test("a vault that two flags choose is refused, before any line is run", async () => {
      expect(await script(["whoami"], "--url", url, "--profile", "x")).toMatchObject({ code: 2, stdout: "" });
      expect((await script(["x".repeat(140_000)])).stderr).toContain("a line of standard input is too long");
      expect((await zsc(["pulse"], { input: Buffer.from([0x77, 0xff, 0x0a]).toString("latin1") })).code).toBe(2);
    }, 30_000);
  });

  describe("with thousands of secrets", () => {
    test("Ctrl-C lets an import finish what it has begun, and it can be resumed in the same shell", async () => {
      const lines = Array.from({ length: 3_000 }, (_, index) => `N${index}=v${index}\n`);
      writeFileSync(join(folder, "many.env"), lines.join(""));
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
      const names = createKnownNames({ url, tokenFile: join(folder, "admin.jwt") }, () => nowMs);
      expect(await names.beginningWith("two")).toEqual([]);
      expect(await names.beginningWith("db-")).toEqual(["db-password", "db-user"]);
      nowMs = 60_000;
      expect(await names.beginningWith("two")).toEqual(["two words"]);
    }, 30_000);
  });

  test("help ends with examples, and completion knows the command", async () => {
    const { code, stdout } = await zsc(["pulse", "--help"]);
    expect(code).toBe(0);
    expect(stdout.slice(stdout.indexOf("Examples:")).trimEnd().split("\n")).toHaveLength(4);
    expect((await zsc(["completion", "bash"])).stdout).toContain(" pulse");
  }, 30_000);
});
