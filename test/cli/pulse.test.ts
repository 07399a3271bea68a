import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { canary, ctrlC, prompt, usePulseVault } from "./pulse-vault.ts";
import { openTypedTerminal } from "./typed-terminal.ts";

describe("zsc pulse", () => {
  const { at, zsc, script, open, leave, history } = usePulseVault();

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
      const connected = once(at.silent, "connection");
      const shell = await open();
      shell.type(`context delete db-user${ctrlC}`);
      await shell.shows(`^C\r\n${prompt}`);
      shell.type(`context list --url ${at.silentUrl} --token-file admin.jwt\r`);
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
        const upstream = connect(Number(new URL(at.url).port), "127.0.0.1");
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
      const shell = await open(["--url", at.url, "--token-file", "admin.jwt", "--json"]);
      expect(stripVTControlCharacters(shell.raw())).toContain(`vault ${at.url} as ZEQ-ALICE (admin)`);
      shell.type("whoami\r");
      await shell.shows(`"url":"${at.url}","source":"flag","profile":null,"zid":"ZEQ-ALICE"`);
      shell.type(`context list --url ${at.silentUrl}\r`);
      await shell.shows(`"detail":"not signed in to ${at.silentUrl}"`);
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
      mkdirSync(join(at.folder, "config", "zsc"), { recursive: true, mode: 0o700 });
      const ended = new Date(exp * 1_000).toISOString();
      const session = { admin: { token: short, zid: "ZEQ-SHORT", expiresAt: ended, endsAt: ended } };
      writeFileSync(
        join(at.folder, "config", "zsc", "sessions.json"),
        JSON.stringify({ version: 1, sessions: { [at.url]: session } }),
        { mode: 0o600 },
      );
      const shell = openTypedTerminal(["pulse", "--url", at.url], {
        ...{ cwd: at.folder, env: { XDG_CONFIG_HOME: join(at.folder, "config"), XDG_STATE_HOME: at.state } },
      });
      await shell.shows(`the session at ${at.url} has ended`);
      await shell.shows(prompt);
      shell.type("context list\r");
      await shell.shows(`the session at ${at.url} has ended`);
      await shell.shows(`sign in again, here: login ${at.url} --token-stdin`);
      await shell.shows(prompt);
      shell.type(`login ${at.url} --token-stdin\r`);
      await shell.shows("token: ");
      shell.type(`${at.adminToken}\r`);
      await shell.shows(`${at.url} as ZEQ-ALICE (admin)`);
      shell.type("context list --prefix db-u\r");
      await shell.shows("db-user");
      await shell.shows(prompt);
      await leave(shell);
      expect(shell.raw()).not.toContain(at.adminToken);
      expect(history()).not.toContain(at.adminToken);
      const path = join(at.folder, "short.jwt");
      writeFileSync(path, short, { mode: 0o600 });
      const withFile = await open(["--url", at.url, "--token-file", path]);
      withFile.type("context list --prefix db-u\r");
      await withFile.shows(`write a good one to ${path}`);
      writeFileSync(path, at.adminToken, { mode: 0o600 });
      withFile.type("context list --prefix db-u\r");
      await withFile.shows("db-user");
      await withFile.shows(prompt);
      await leave(withFile);
    }, 90_000);
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
      expect(existsSync(join(at.folder, "file"))).toBe(false);
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
      expect(readdirSync(at.state)).toEqual([]);
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

    test("forgets all sessions in the shell of a development vault, too", async () => {
      await zsc(["login", at.url, "--token-stdin"], { input: at.adminToken });
      expect(await script(["logout --all"])).toMatchObject({ code: 0, stdout: `signed out of ${at.url}\n` });
    }, 60_000);

    test("a vault that two flags choose is refused, before any line is run", async () => {
      expect(await script(["whoami"], "--url", at.url, "--profile", "x")).toMatchObject({ code: 2, stdout: "" });
      expect((await script(["x".repeat(140_000)])).stderr).toContain("a line of standard input is too long");
      expect((await zsc(["pulse"], { input: Buffer.from([0x77, 0xff, 0x0a]).toString("latin1") })).code).toBe(2);
    }, 30_000);
  });

  test("help ends with examples, and completion knows the command", async () => {
    const { code, stdout } = await zsc(["pulse", "--help"]);
    expect(code).toBe(0);
    expect(stdout.slice(stdout.indexOf("Examples:")).trimEnd().split("\n")).toHaveLength(4);
    expect((await zsc(["completion", "bash"])).stdout).toContain(" pulse");
  }, 30_000);
});
