import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";

describe("client commands in the folder of a development vault", () => {
  let folder = "";
  let config = "";
  let server: ZscProcess;
  let url = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-cli-"));
    config = mkdtempSync(join(tmpdir(), "zsc-cli-config-"));
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    url = JSON.parse(readFileSync(join(folder, ".zsc", "vault.json"), "utf8")).url;
  }, 90_000);
  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true });
    rmSync(config, { recursive: true });
  });

  interface Ran {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }
  const zsc = async (
    args: readonly string[],
    { input, env = {}, cwd = folder }: { input?: string; env?: Record<string, string>; cwd?: string } = {},
  ): Promise<Ran> => {
    const { code, stdout, stderr } = await runZsc(
      args,
      { XDG_CONFIG_HOME: config, ...env },
      {
        cwd,
        ...(input === undefined ? {} : { input }),
      },
    );
    return { code, stdout, stderr };
  };
  const failed = (code: number, first: string, next: string): Ran => ({
    code,
    stdout: "",
    stderr: `zsc: ${first}\n  next: ${next}\n`,
  });
  const token = async (role: string, zid: string) =>
    (await zsc(["token", "--dev", "--role", role, "--zid", zid])).stdout.trim();

  test.each([
    [["context", "list", "--foo"], "unknown option '--foo'", "zsc context list --help"],
    [["context", "lst"], "unknown command 'lst'", "zsc context list"],
    [["contxt"], "unknown command 'contxt'", "zsc context"],
    [["context", "info"], "missing required argument 'name'", "zsc context info --help"],
    [
      ["context", "set", "a", "canary-value"],
      "too many arguments for 'set'. Expected 1 argument but got 2",
      "zsc context set --help",
    ],
    [["context", "set", "a", "--valeu=canary-value"], "unknown option '--valeu'", "zsc context set --help"],
    [["context", "set", "a", "--limit=canary-value"], "unknown option '--limit'", "zsc context set --help"],
  ])("a wrong command line is told in two lines, without what may be a value: %j", async (args, first, next) => {
    expect(await zsc(args)).toEqual(failed(2, first, next));
    expect(await zsc([...args, "--json"])).toEqual({
      code: 2,
      stdout: "",
      stderr: `${JSON.stringify({ ok: false, error: "USAGE", detail: first, next, exitCode: 2 })}\n`,
    });
  });

  test("a secret is set, shown, granted, probed, read, rotated and deleted", async () => {
    expect(
      await zsc(["context", "set", "db-password", "--owner", "ZEQ-DEV", "--tag", "db"], { input: "pa ss\n" }),
    ).toEqual({
      code: 0,
      stdout: "set db-password\n",
      stderr: "the final line break is not part of the value (--keep-newline keeps it)\n",
    });
    const info = await zsc(["context", "info", "db-password", "--json"]);
    expect(info).toMatchObject({ code: 0, stderr: "" });
    const { ok, secret, receipt } = JSON.parse(info.stdout);
    expect([ok, secret.name, secret.purpose_tag, secret.bound_zid, secret.read_count]).toEqual([
      ...[true, "db-password", "db", "ZEQ-DEV", 0],
    ]);
    expect(receipt).toMatch(/^\d+\.[0-9a-f]{64}$/);
    expect(await zsc(["context", "grant", "db-password", "ZEQ-APP"])).toEqual({
      code: 0,
      stdout: "ZEQ-APP\n",
      stderr: "",
    });
    expect(await zsc(["context", "probe", "db-password", "ZEQ-APP"])).toMatchObject({ code: 0, stdout: "granted\n" });
    expect(await zsc(["context", "revoke", "db-password", "ZEQ-APP"])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await zsc(["probe", "db-password", "ZEQ-APP", "--json"])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('{"ok":true,"granted":false,"reason":"denied","receipt":"'),
    });
    expect(await zsc(["read", "db-password"])).toEqual({ code: 0, stdout: "pa ss", stderr: "" });
    expect(await zsc(["read", "db-password", "--newline", "--as", "ZEQ-DEV"])).toMatchObject({ stdout: "pa ss\n" });
    expect(await zsc(["read", "db-password", "--as", "ZEQ-STRANGER"])).toMatchObject({ code: 4, stdout: "" });
    expect(await zsc(["context", "rotate", "db-password"])).toMatchObject({ code: 0, stdout: "rotated db-password\n" });
    const [line = ""] = (await zsc(["context", "list"])).stdout.split("\n");
    expect(line.split("\t").slice(0, 5)).toEqual(["db-password", "ZEQ-DEV", "db", "0", "2"]);
    expect(await zsc(["context", "delete", "db-password"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("zsc: there is no terminal to ask on\n  next: --yes\n"),
    });
    expect(await zsc(["context", "rm", "db-password", "--yes"])).toMatchObject({
      code: 0,
      stdout: "deleted db-password\n",
    });
    expect(JSON.parse((await zsc(["context", "list", "--json"])).stdout)).toMatchObject({
      ok: true,
      count: 0,
      secrets: [],
    });
  }, 60_000);

  test("what is not there is said with what to do next, and as one line of JSON", async () => {
    const sentence = 'NOT_FOUND: no secret "db-pasword"';
    expect(await zsc(["context", "info", "db-pasword"])).toEqual(
      failed(5, sentence, "zsc context list --contains pasword"),
    );
    const json = await zsc(["context", "info", "db-pasword", "--json"]);
    expect(json).toMatchObject({ code: 5, stdout: "" });
    expect(JSON.parse(json.stderr)).toEqual({
      ...{ ok: false, error: "NOT_FOUND", detail: 'no secret "db-pasword"' },
      ...{ next: "zsc context list --contains pasword", exitCode: 5 },
    });
    expect((await zsc(["context", "info"])).code).toBe(2);
    expect(JSON.parse((await zsc(["context", "info", "--json"])).stderr)).toMatchObject({
      error: "USAGE",
      exitCode: 2,
    });
  }, 60_000);

  test.each([
    ["one line loses its line break", "one\n", "one"],
    ["with CRLF, too", "one\r\n", "one"],
    ["several lines stay as they are", "one\ntwo\n", "one\ntwo\n"],
    ["blanks alone are a value", "   ", "   "],
    ["NUL is fine", "a\u0000b", "a\u0000b"],
    ["as are 65,536 bytes", "x".repeat(65_536), "x".repeat(65_536)],
  ])(
    "a value on standard input: %s",
    async (_what, input, value) => {
      expect(await zsc(["context", "set", "a/value", "--owner", "ZEQ-DEV"], { input })).toMatchObject({ code: 0 });
      expect(await zsc(["read", "a/value"])).toEqual({ code: 0, stdout: value, stderr: "" });
    },
    30_000,
  );

  test.each([
    ["empty", "", "the value is empty", "a value of at least one byte, or zsc context delete NAME"],
    [
      "too large",
      "x".repeat(65_537),
      "the value is larger than 65,536 bytes",
      "keep a smaller value, such as a key to the rest",
    ],
    ["far too large", "x".repeat(2_000_000), "standard input is larger than 1 MiB", "check that it is the right one"],
  ])(
    "a value that is %s is refused before anything is sent",
    async (_what, input, sentence, next) => {
      expect(await zsc(["context", "set", "refused"], { input })).toEqual(failed(2, sentence, next));
      expect((await zsc(["context", "info", "refused"])).code).toBe(5);
    },
    30_000,
  );

  test("a file as a value, and files that are none", async () => {
    const file = join(folder, "value.txt");
    writeFileSync(file, "of a file\n");
    expect(await zsc(["context", "set", "of-file", "--owner", "ZEQ-DEV", "--file", file])).toMatchObject({ code: 0 });
    const out = join(folder, "out.txt");
    expect(await zsc(["read", "of-file", "--out", out])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect([readFileSync(out, "utf8"), statSync(out).mode & 0o777]).toEqual(["of a file", 0o600]);
    expect(await zsc(["read", "of-file", "--out", out])).toEqual(
      failed(2, `${out} exists, and is not written over`, "another name, or move the file away"),
    );
    expect(await zsc(["context", "set", "x", "--file", folder])).toEqual(
      failed(2, `${folder} is a folder`, "the path of a file"),
    );
    expect(await zsc(["context", "set", "x", "--file", `${folder}/no`])).toEqual(
      failed(2, `${folder}/no cannot be read (ENOENT)`, "check the path: there is nothing of that name"),
    );
    writeFileSync(file, Buffer.from([0xff, 0xfe, 0x41]));
    expect(await zsc(["context", "set", "x", "--file", file])).toEqual(
      failed(2, `${file} is not UTF-8 text`, "iconv -t UTF-8 for text; other bytes as base64"),
    );
    expect(await zsc(["context", "set", "x", "--file", file, "--value", "v"])).toMatchObject({ code: 2 });
  }, 60_000);

  test("names of others are shown without what a terminal would obey", async () => {
    const name = "evil/\u202egnp.exe";
    expect(await zsc(["context", "set", name], { input: "v" })).toMatchObject({
      stdout: "set evil/\\u{202e}gnp.exe\n",
    });
    const listed = (await zsc(["context", "list"])).stdout;
    expect(listed).toContain(name);
    expect(await zsc(["context", "rm", name, "--yes"])).toMatchObject({ code: 0 });
  }, 30_000);

  test("which vault: flags, environment, folder, profile, and never two", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "zsc-cli-none-"));
    try {
      const none = failed(2, "no vault is chosen", "zsc login URL, or start one here: npx zsc serve --dev");
      expect(await zsc(["context", "list"], { cwd: elsewhere })).toEqual(none);
      expect(await zsc(["context", "list", "--no-dev"])).toEqual(none);
      expect(await zsc(["context", "list", "--url", url, "--profile", "x"])).toEqual(
        failed(2, "--url and --profile exclude each other", "one of them, or none"),
      );
      const both = { ZSC_URL: url, ZSC_PROFILE: "x" };
      expect(await zsc(["context", "list"], { env: both })).toMatchObject({ code: 2 });
      for (const wrong of ["ftp://x", `${url}/path`, "https://user:pw@host", `${url}?x=1`, "http://vault.example"]) {
        expect([wrong, (await zsc(["context", "list", "--url", wrong])).code]).toEqual([wrong, 2]);
      }
      const env = { ZSC_URL: url, ZSC_TOKEN: await token("admin", "ZEQ-ALICE") };
      expect(await zsc(["whoami"], { cwd: elsewhere, env })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("ZID\tZEQ-ALICE\nrole\tadmin\n"),
      });
      expect(await zsc(["context", "list"], { env: { ZSC_TOKEN: env.ZSC_TOKEN } })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("is not sent to a vault that a folder or a profile chose"),
      });
      mkdirSync(join(elsewhere, ".zsc"), { mode: 0o700 });
      expect(await zsc(["context", "list"], { cwd: elsewhere })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("does not run"),
      });
      chmodSync(join(elsewhere, ".zsc"), 0o777);
      expect(await zsc(["context", "list"], { cwd: elsewhere })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("can be written by other users"),
      });
      chmodSync(join(elsewhere, ".zsc"), 0o700);
      const zombie = await zombieOf();
      const running = (json: object) => writeFileSync(join(elsewhere, ".zsc", "vault.json"), JSON.stringify(json));
      for (const [file, sentence] of [
        [{ url, pid: 2 ** 22 + 1, started: "x" }, "has ended"],
        [{ url, pid: zombie.pid, started: "x" }, "has ended"],
        [{ url: "http://vault.example", pid: process.pid, started: "x" }, "not this machine's"],
        [{}, "is not what a development vault writes"],
      ] as const) {
        running(file);
        expect(await zsc(["context", "list"], { cwd: elsewhere })).toMatchObject({
          code: 2,
          stderr: expect.stringContaining(sentence),
        });
      }
      zombie.end();
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  }, 90_000);

  test("a token is kept, used by profile, and forgotten; one of the wrong role is told before anything is sent", async () => {
    const login = await zsc(["login", url, "--token-stdin", "--profile", "play", "--json"], {
      input: `${await token("admin", "ZEQ-ALICE")}\n`,
    });
    expect(login).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(login.stdout)).toMatchObject({ ok: true, url, profile: "play", zid: "ZEQ-ALICE", role: "admin" });
    expect(login.stdout).not.toContain("eyJ");
    for (const file of ["config.json", "sessions.json"]) {
      expect(statSync(join(config, "zsc", file)).mode & 0o777).toBe(0o600);
    }
    expect(await zsc(["context", "list", "--no-dev", "--json"])).toMatchObject({ code: 0 });
    expect(await zsc(["context", "list", "--profile", "play", "--json"])).toMatchObject({ code: 0 });
    expect(await zsc(["context", "list", "--profile", "plya"])).toEqual(
      failed(2, 'there is no profile "plya"', "one of: play"),
    );
    expect(await zsc(["read", "x", "--profile", "play"])).toMatchObject({ code: 4 });
    const caller = join(folder, "caller.jwt");
    writeFileSync(caller, `${await token("caller", "ZEQ-APP")}\n`, { mode: 0o600 });
    expect(await zsc(["context", "list", "--token-file", caller, "--url", url])).toEqual(
      failed(4, "this token is a caller's; context list needs an admin's", "zsc whoami"),
    );
    chmodSync(join(config, "zsc", "sessions.json"), 0o644);
    expect(await zsc(["whoami", "--profile", "play"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`next: chmod 600 ${join(config, "zsc", "sessions.json")}`),
    });
    chmodSync(join(config, "zsc", "sessions.json"), 0o600);
    expect(await zsc(["logout", "--profile", "play"])).toEqual({
      code: 0,
      stdout: `signed out of ${url}\n`,
      stderr: "the token itself stays good until it expires\n",
    });
    expect(await zsc(["whoami", "--profile", "play"])).toMatchObject({ code: 3 });
    writeFileSync(join(config, "zsc", "config.json"), '{"version":2}');
    expect(await zsc(["whoami", "--no-dev"])).toMatchObject({ code: 2 });
    expect(readFileSync(join(config, "zsc", "config.json"), "utf8")).toBe('{"version":2}');
  }, 90_000);

  test("a vault that is away, a port of something else, and a bad token have a code of their own", async () => {
    const admin = { ZSC_TOKEN: await token("admin", "ZEQ-ALICE") };
    expect(await zsc(["context", "list", "--url", "http://127.0.0.1:9"], { env: admin })).toMatchObject({
      code: 8,
      stderr: expect.stringContaining("next: check the URL"),
    });
    expect(await zsc(["context", "list", "--url", url], { env: { ZSC_TOKEN: "bad.token.x" } })).toMatchObject({
      code: 3,
    });
    expect(await zsc(["context", "list", "--url", url], { env: { ...admin, ZSC_TIMEOUTS: "1" } })).toMatchObject({
      code: 0,
      stderr: "zsc: ZSC_TIMEOUTS is no setting: did you mean ZSC_TIMEOUT?\n",
    });
  }, 60_000);

  test("help ends with examples, and comes without a vault", async () => {
    for (const command of [["context", "set"], ["read"], ["login"], ["whoami"], ["context", "list"]]) {
      const { code, stdout } = await zsc([...command, "--help"], { cwd: tmpdir() });
      expect([command, code]).toEqual([command, 0]);
      expect(stdout.slice(stdout.indexOf("Examples:")).split("\n").length).toBeGreaterThan(2);
    }
  }, 30_000);
});

/** A process that has ended and whose parent does not ask how. */
async function zombieOf(): Promise<{ readonly pid: number; end(): void }> {
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  const [printed] = await once(parent.stdout, "data");
  return { pid: Number(String(printed)), end: () => void parent.kill("SIGKILL") };
}
