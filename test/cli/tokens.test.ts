import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Finished, runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";

const entries = 400;
/** Of values that are written before the connection stands still. */
const bytesBefore = 200_000;

describe("tokens", () => {
  let folder = "";
  let server: ZscProcess;
  let port = 0;
  let url = "";
  /** Passes on what is sent, and holds it back from a number of bytes on until a time. */
  let proxy: Server;
  let holdUntilMs = 0;

  const zsc = (args: readonly string[], input?: string): Promise<Finished> =>
    runZsc(
      args,
      { XDG_STATE_HOME: join(folder, "state"), XDG_CONFIG_HOME: join(folder, "config") },
      { cwd: folder, ...(input === undefined ? {} : { input }) },
    );
  const mint = async (zid: string, role: "admin" | "caller", ttl: string) =>
    (await zsc(["token", "--dev", "--role", role, "--zid", zid, "--ttl", ttl])).stdout.trim();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-tokens-"));
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    const { address } = await server.logged("listening");
    port = Number(String(address).split(":").at(-1));
    url = `http://127.0.0.1:${port}`;
    proxy = createServer((client) => {
      const upstream = connect(port, "127.0.0.1");
      let sent = 0;
      client.on("data", (data) => {
        upstream.write(data);
        sent += data.length;
        const leftMs = holdUntilMs - Date.now();
        if (sent > bytesBefore && leftMs > 0) {
          client.pause();
          setTimeout(() => client.resume(), leftMs);
        }
      });
      upstream.pipe(client);
      client.on("end", () => upstream.end());
      for (const socket of [client, upstream]) {
        socket.on("error", () => undefined);
      }
    });
    await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  }, 90_000);
  afterAll(async () => {
    proxy.close();
    await server.end();
    rmSync(folder, { recursive: true });
  });

  test("two that are kept at once: the file is whole, and has one of the two", async () => {
    const tokens = await Promise.all(["ZEQ-ALICE", "ZEQ-BOB"].map((zid) => mint(zid, "admin", "1h")));
    for (let round = 0; round < 3; round += 1) {
      const done = await Promise.all(tokens.map((token) => zsc(["login", url, "--token-stdin"], token)));
      expect(done.map(({ code }) => code)).toEqual([0, 0]);
      const place = join(folder, "config", "zsc");
      const file = readFileSync(join(place, "sessions.json"), "utf8");
      const { version, sessions } = JSON.parse(file) as {
        readonly version: number;
        readonly sessions: Readonly<
          Record<string, { readonly admin: { readonly token: string; readonly zid: string } }>
        >;
      };
      expect([version, Object.keys(sessions)]).toEqual([1, [url]]);
      const { token = "", zid } = sessions[url]?.admin ?? {};
      expect([zid, tokens[zid === "ZEQ-ALICE" ? 0 : 1]]).toEqual([expect.stringMatching(/^ZEQ-(?:ALICE|BOB)$/), token]);
      expect(statSync(join(place, "sessions.json")).mode & 0o777).toBe(0o600);
      expect(readdirSync(place).sort()).toEqual(["config.json", "sessions.json"]);
    }
  }, 120_000);

  test("two of other roles that are kept at once are both there", async () => {
    const [admin = "", caller = ""] = await Promise.all([
      mint("ZEQ-ALICE", "admin", "1h"),
      mint("ZEQ-DEV", "caller", "1h"),
    ]);
    await Promise.all([admin, caller].map((token) => zsc(["login", url, "--token-stdin"], token)));
    const { sessions } = JSON.parse(readFileSync(join(folder, "config", "zsc", "sessions.json"), "utf8"));
    expect([sessions[url].admin.token, sessions[url].caller.token]).toEqual([admin, caller]);
  }, 60_000);

  test("a token file that is a pipe is read once, whatever its role", async () => {
    const piped = async (command: string, token: string) => {
      const line = `printf %s "$1" | "$2" "$3" ${command} --url ${url} --token-file /dev/stdin --json`;
      const words = ["-c", line, "sh", token, process.execPath, resolve("bin/zsc.mjs")];
      const { stdout } = await promisify(execFile)("sh", words, { cwd: folder });
      return JSON.parse(stdout);
    };
    for (const role of ["admin", "caller"] as const) {
      const token = await mint("ZEQ-ALICE", role, "1h");
      expect(await piped("whoami", token)).toMatchObject({ ok: true, role });
      const { checks } = await piped("doctor", token);
      expect(checks.at(-1)).toMatchObject({ name: "token", state: "ok" });
    }
  }, 60_000);

  test("one that ends during an import: what is written stays and is told, and a new one goes on", async () => {
    const values = Array.from({ length: entries }, (_, index) => [
      `ends/n${index}`,
      `canary-${index}-${"x".repeat(2_000)}`,
    ]);
    writeFileSync(join(folder, "ends.json"), JSON.stringify(Object.fromEntries(values)));
    const through = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const args = ["import", "ends.json", "--yes", "--owner", "ZEQ-DEV", "--url", through, "--token-file", "admin.jwt"];
    const count = async () => JSON.parse((await zsc(["context", "list", "--prefix", "ends/", "--json"])).stdout).count;

    const token = await mint("ZEQ-ALICE", "admin", "15s");
    writeFileSync(join(folder, "admin.jwt"), token, { mode: 0o600 });
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    holdUntilMs = exp * 1_000 + 500;
    const ended = await zsc([...args, "--timeout", "60s"]);
    expect(ended.code).toBe(3);
    const [, told = 0] =
      /(\d+) of 400 were written(?:, \d+ failed)?: .*\n {2}next: .*--resume/.exec(ended.stderr) ?? [];
    // The connection ends while it stands still: an answer that was on its way then is lost, and its entry in doubt.
    const inDoubt = [...ended.stderr.matchAll(/^! (ends\/n\d+): IN_DOUBT$/gm)].map(([, name]) => name);
    const before = await count();
    expect([before > 0, before < entries, before >= Number(told)]).toEqual([true, true, true]);
    expect(before - Number(told)).toBeLessThanOrEqual(inDoubt.length);
    const [journal = ""] = readdirSync(join(folder, "state", "zsc"));
    const kept = readFileSync(join(folder, "state", "zsc", journal), "utf8");
    expect(JSON.parse(kept).done).toHaveLength(Number(told));

    expect((await zsc([...args, "--resume"])).code).toBe(3);
    expect(await count()).toBe(before);

    writeFileSync(join(folder, "admin.jwt"), await mint("ZEQ-BOB", "admin", "1h"), { mode: 0o600 });
    const isClear = before === Number(told);
    const resumed = await zsc([...args, ...(isClear ? ["--resume"] : ["--on-conflict", "skip"])]);
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining(`${entries - before} written`) });
    expect(await count()).toBe(entries);
    expect((await zsc(["read", "ends/n399"])).stdout).toBe(values[399]?.[1]);
    expect(readdirSync(join(folder, "state", "zsc"))).toEqual(isClear ? [] : [journal]);
    for (const text of [ended.stdout, ended.stderr, kept, resumed.stdout, resumed.stderr]) {
      expect([text.includes("canary"), text.includes(token)]).toEqual([false, false]);
    }
  }, 180_000);
});
