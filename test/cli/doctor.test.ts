import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import http2 from "node:http2";
import { createServer as createSilentServer } from "node:net";
import { join } from "node:path";
import { tokenOf } from "../e2e/support/tokens.ts";
import { type Environment, runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { canaries, cleanUp, diagnose, expectNoCanary, freshUser, listen, newFolder } from "./doctor-run.ts";

afterAll(cleanUp);

const whole = ["ok node", "ok files", "ok files", "ok vault", "ok tcp"];

describe("in the folder of a development vault", () => {
  const user = freshUser();
  const folder = newFolder();
  let server: ZscProcess;
  let secret = "";
  const doctor = (args: readonly string[] = [], env: Environment = {}) =>
    diagnose(args, { ...user, ...env }, { cwd: folder });

  beforeAll(async () => {
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    const ofFolder = (name: string) => readFileSync(join(folder, ".zsc", name), "utf8").trim();
    secret = ofFolder("jwt.secret");
    for (const name of ["admin.jwt", "jwt.secret", "master.key", "owner.key"]) {
      canaries.add(ofFolder(name));
    }
    const input = "canary-of-the-doctor";
    canaries.add(input);
    await runZsc(["context", "set", "name"], {}, { cwd: folder, input });
  }, 90_000);
  afterAll(() => server.end());

  const urlOf = () => JSON.parse(readFileSync(join(folder, ".zsc", "vault.json"), "utf8")).url as string;
  const tokenFor = async (role: "admin" | "caller", ttlMs?: number) => {
    const token = await tokenOf(secret, role, "ZEQ-ALICE", ttlMs);
    canaries.add(token);
    return token;
  };

  test("a healthy vault is ok in every check, and the log has no row of it", async () => {
    const rows = async () => {
      const { stdout } = await runZsc(["audit", "verify", "--json"], {}, { cwd: folder });
      return JSON.parse(stdout).rows as number;
    };
    const before = await rows();
    const { states, of } = await doctor();
    expect(states).toEqual([...whole, "ok http2", "ok server", "ok clock", "ok ready", "ok token"]);
    expect(of("vault")?.detail).toBe(`${urlOf()}, chosen by the development vault in ./.zsc`);
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(of("server")?.detail).toBe(`ZSC ${version}`);
    expect(of("token")?.detail).toMatch(/^made for each command: ZEQ-ADMIN \(admin, for zsc context\), ends 2/);
    expect(await rows()).toBe(before);
  }, 60_000);

  test("without --json it is a line each, tab-separated, and a fault has what to do", async () => {
    const { code, stdout, stderr } = await runZsc(["doctor", "--verbose"], user, { cwd: folder });
    expect([code, stderr]).toEqual([0, "/readyz: 200\n/v1/health: 200\n"]);
    expectNoCanary(stdout);
    expect(stdout.split("\n").slice(3, 6)).toEqual([
      `ok\tvault\t${urlOf()}, chosen by the development vault in ./.zsc`,
      expect.stringMatching(/^ok\ttcp\tconnected to 127\.0\.0\.1 port \d+$/),
      "ok\thttp2\tby prior knowledge",
    ]);
    const nowhere = await runZsc(["doctor", "--no-dev"], user, { cwd: folder });
    expect([nowhere.code, nowhere.stdout.split("\n").at(-2)]).toEqual([
      1,
      "FAIL\tvault\tno vault is chosen\tzsc login URL, or start one here: npx zsc serve --dev",
    ]);
  }, 60_000);

  test("tokens: a caller's, one of no role, one that has expired, none, and one that no vault was named for", async () => {
    const file = join(folder, "token.jwt");
    const withToken = async (token: string) => {
      writeFileSync(file, token, { mode: 0o600 });
      return (await doctor(["--token-file", file])).of("token");
    };
    expect(await withToken(await tokenFor("caller", 7_200_000))).toMatchObject({
      ...{ state: "ok", next: null },
      detail: expect.stringMatching(/^of --token-file: ZEQ-ALICE \(caller, for zsc read and run\), ends 2/),
    });
    expect(await withToken(unsigned({ sub: "ZEQ-X" }))).toMatchObject({
      detail: "of --token-file: ZEQ-X (no role, so the vault judges); not shown to the vault",
    });
    expect(await withToken(unsigned({ sub: "ZEQ-X", role: "boss" }))).toMatchObject({
      ...{ state: "FAIL", detail: 'the token has the role "boss", which no command takes' },
    });
    expect(await withToken(unsigned({ role: "admin", exp: 1 }))).toMatchObject({
      ...{ state: "FAIL", detail: `the token for ${urlOf()} has expired` },
      next: `zsc login ${urlOf()} --token-stdin`,
    });
    const bare = await doctor(["--url", urlOf()]);
    expect(bare.states.slice(0, 3)).toEqual(["ok node", "ok files", "ok vault"]);
    expect(bare.of("token")).toMatchObject({
      ...{ state: "FAIL", detail: `not signed in to ${urlOf()}`, next: `zsc login ${urlOf()}` },
    });
    expect((await doctor([], { ZSC_TOKEN: await tokenFor("admin") })).of("token")).toMatchObject({
      ...{ state: "FAIL", next: "say which vault it is for: --url or ZSC_URL" },
    });
  }, 90_000);

  test("a profile and its session, and files that others can read or that are broken", async () => {
    const signedIn = freshUser();
    const login = ["login", urlOf(), "--token-stdin", "--profile", "play"];
    const input = await tokenFor("admin", 3_600_000);
    expect(await runZsc(login, signedIn, { input })).toMatchObject({ code: 0 });
    const look = () => diagnose([], signedIn, { cwd: signedIn["XDG_STATE_HOME"] ?? "" });
    const found = await look();
    expect(found.states.slice(0, 5)).toEqual(["ok node", "ok files", "ok files", "ok files", "ok vault"]);
    expect(found.of("vault")?.detail).toBe(`${urlOf()}, chosen by the default profile, play`);
    expect(found.of("token")?.detail).toMatch(/^of zsc login: ZEQ-ALICE \(admin, /);
    const own = join(signedIn["XDG_CONFIG_HOME"] ?? "", "zsc");
    const sessions = join(own, "sessions.json");
    chmodSync(sessions, 0o644);
    chmodSync(own, 0o755);
    const open = await look();
    expect(open.code).toBe(1);
    expect(open.checks.filter(({ state }) => state !== "ok")).toEqual([
      { name: "files", state: "warn", detail: `${own} is open to other users (0755)`, next: `chmod 700 ${own}` },
      { name: "files", state: "FAIL", detail: `${sessions} is open to other users`, next: `chmod 600 ${sessions}` },
      { name: "token", state: "FAIL", detail: `${sessions} is open to other users`, next: `chmod 600 ${sessions}` },
    ]);
    chmodSync(sessions, 0o600);
    writeFileSync(join(own, "config.json"), '{"version":2}');
    expect((await look()).checks.filter(({ state }) => state === "FAIL")).toMatchObject([
      { name: "files", next: "use that version, or move the file away" },
      { name: "vault", next: "use that version, or move the file away" },
    ]);
  }, 90_000);

  test("a stopped vault, and a folder that others may write", async () => {
    const other = newFolder();
    mkdirSync(join(other, ".zsc"), { mode: 0o700 });
    const look = () => diagnose([], user, { cwd: other });
    expect((await look()).checks.at(-1)).toEqual({
      ...{ name: "vault", state: "FAIL", detail: "the development vault of ./.zsc does not run" },
      next: "start it: npx zsc serve --dev, or leave it aside with --no-dev",
    });
    writeFileSync(join(other, ".zsc", "vault.json"), '{"url":"http://127.0.0.1:1","pid":4194305,"started":"x"}');
    expect((await look()).of("vault")?.detail).toBe("the server that .zsc/vault.json names has ended");
    chmodSync(join(other, ".zsc"), 0o777);
    const { states, of } = await look();
    expect(states).toEqual(["ok node", "FAIL files", "warn files", "FAIL vault"]);
    expect(of("files")?.next).toBe("chmod 700 .zsc");
    expect(readdirSync(join(other, ".zsc"))).toEqual(["vault.json"]);
  }, 60_000);

  test("a command line that is wrong is exit code 2, and no check", async () => {
    for (const [args, sentence] of [
      [["--url", "https://x", "--profile", "y"], "--url and --profile exclude each other"],
      [["--url", "https://x/path"], "the URL of a vault has no user, path or query"],
      [["--timeout", "soon"], "--timeout must be a time such as 10s"],
      [["--server", "--ca-file", "x"], "--server looks at this machine, and takes no --ca-file"],
      [["--nonsense"], "unknown option"],
    ] as const) {
      const { code, stdout, stderr } = await runZsc(["doctor", ...args], user, { cwd: folder });
      expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(sentence)]);
    }
    const { code, stdout } = await runZsc(["doctor", "--help"], user);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Examples:\n {2}zsc doctor\n {2}zsc doctor --url/)]);
  }, 60_000);
});

function unsigned(claims: object): string {
  const token = ["{}", JSON.stringify(claims), "x"].map((part) => Buffer.from(part).toString("base64url")).join(".");
  canaries.add(token);
  return token;
}

describe("beyond the vault's own machine", () => {
  const user = freshUser();
  const cwd = newFolder();
  const doctor = (url: string, args: readonly string[] = [], env: Environment = {}) =>
    diagnose(["--url", url, ...args], { ...user, ...env }, { cwd });

  test("a port where nobody is, a name that nobody has, a variable that nobody knows", async () => {
    const refused = await doctor("http://127.0.0.1:9", [], { ZSC_TIMEOUTS: "1" });
    expect(refused.states).toEqual([
      ...["ok node", "warn environment", "ok files", "ok vault", "FAIL tcp", "FAIL token"],
    ]);
    expect(refused.of("tcp")?.detail).toBe("http://127.0.0.1:9 refuses the connection (ECONNREFUSED)");
    expect(refused.of("environment")?.detail).toBe("ZSC_TIMEOUTS is no setting: did you mean ZSC_TIMEOUT?");
    const unknown = await doctor("https://vault.invalid");
    expect(unknown.states.slice(2)).toEqual(["ok vault", "FAIL dns", "FAIL token"]);
  }, 60_000);

  test("a server of HTTP/1.1 that is no ZSC", async () => {
    const port = await listen(createServer((_, response) => response.end("<html>a proxy</html>")));
    const { states, of } = await doctor(`http://localhost:${port}`);
    expect(states.slice(2)).toEqual(["ok vault", "ok dns", "ok tcp", "FAIL http2", "FAIL server", "FAIL token"]);
    expect(of("http2")?.detail).toBe(`http://localhost:${port} speaks no HTTP/2`);
    expect(of("server")).toMatchObject({
      ...{ detail: `http://localhost:${port} does not answer as a ZSC`, next: "check the URL" },
    });
  }, 60_000);

  test("a vault behind a proxy that passes only HTTP/1.1 on is looked at all the same", async () => {
    const port = await listen(createServer((_, response) => response.end('{"status":"ready","durable":true}')));
    const { states } = await doctor(`http://127.0.0.1:${port}`);
    expect(states.slice(4, -1)).toEqual(["FAIL http2", "warn server", "ok clock", "ok ready"]);
  }, 60_000);

  test("a server that never answers is given up in time", async () => {
    const port = await listen(createSilentServer());
    const { states, of } = await doctor(`http://127.0.0.1:${port}`, ["--timeout", "200ms"]);
    expect(states.slice(2)).toEqual(["ok vault", "ok tcp", "FAIL http2", "FAIL token"]);
    expect(of("http2")?.detail).toContain("cannot be reached in time (ETIMEDOUT)");
  }, 60_000);

  test.each([
    ["a clock that is ahead", -3_600_000, "ahead of"],
    ["a clock that is behind", 3_600_000, "behind"],
  ])(
    "%s",
    async (_what, offMs, word) => {
      const port = await listen(
        http2.createServer((request, response) => {
          response.setHeader("date", new Date(Date.now() + offMs).toUTCString());
          response.end(
            request.url === "/readyz" ? '{"status":"ready","durable":true}' : '{"status":"healthy","version":"9.9.9"}',
          );
        }),
      );
      const { states, of } = await doctor(`http://127.0.0.1:${port}`);
      expect(states.slice(4, -1)).toEqual(["ok http2", "ok server", "FAIL clock", "ok ready"]);
      expect(of("clock")?.detail).toMatch(new RegExp(`^this clock is 3[56]\\d\\d s ${word} the vault's$`));
      expect(of("server")?.detail).toMatch(/^ZSC 9\.9\.9; this command is \d/);
    },
    60_000,
  );

  test("a vault that is not ready, one that is not durable, and one that tells no version", async () => {
    let ready = '{"status":"unavailable","durable":true,"detail":"the disk of the database is full"}';
    let status = 503;
    const port = await listen(
      http2.createServer((request, response) => {
        response.statusCode = request.url === "/readyz" ? status : 404;
        response.end(ready);
      }),
    );
    const away = await doctor(`http://127.0.0.1:${port}`);
    expect(away.states.slice(4, -1)).toEqual(["ok http2", "warn server", "ok clock", "FAIL ready"]);
    expect(away.of("ready")?.detail).toBe("the disk of the database is full");
    [status, ready] = [200, '{"status":"ready","durable":false,"detail":"sync_binlog is 0","clock":"it jumped"}'];
    const lazy = await doctor(`http://127.0.0.1:${port}`);
    expect(lazy.states.slice(4, -1)).toEqual(["ok http2", "warn server", "warn clock", "warn ready"]);
    expect(lazy.of("ready")?.detail).toBe("ready, not durable: sync_binlog is 0");
  }, 60_000);
});
