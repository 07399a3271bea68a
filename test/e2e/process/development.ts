import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { runZsc, startZsc, type ZscProcess } from "../support/zsc-process.ts";

const program = join(__dirname, "../../../bin/zsc.mjs");
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** `npm start`: one command, no question. */
export function development(): void {
  let folder = "";
  let server: ZscProcess;
  const dataDir = () => join(folder, ".zsc");
  const start = async () => {
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-dev-"));
    chmodSync(folder, 0o755);
    await start();
  }, 90_000);
  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true });
  });

  /** Pastes lines into a shell in the folder of the first start; `npx zsc` is the built program here. */
  const paste = async (lines: readonly string[]) => {
    const script = lines.join("\n").replaceAll("npx zsc", `"${program}"`);
    const env = { PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) };
    return (await promisify(execFile)("/bin/sh", ["-ec", script], { cwd: folder, env })).stdout;
  };
  const banner = () => server.stdout().split("\n");
  const linesWith = (text: string) => banner().filter((line) => line.includes(text));

  test("keys, token and database are their owner's alone", () => {
    expect(modeOf(dataDir())).toBe("700");
    const files = readdirSync(dataDir());
    expect(files).toEqual(expect.arrayContaining(["admin.jwt", "jwt.secret", "master.key", "zsc.db"]));
    for (const file of files) {
      expect([file, modeOf(join(dataDir(), file))]).toEqual([file, "600"]);
    }
  });

  test("the banner says where it is, and that it is not for production", () => {
    expect(server.stdout()).toMatch(/ZSC is ready at http:\/\/127\.0\.0\.1:\d+ /);
    expect(server.stdout()).toContain("Not for production.");
  });

  test("the banner holds no key and no token", () => {
    for (const file of ["admin.jwt", "jwt.secret", "master.key", "owner.key"]) {
      expect(server.stdout()).not.toContain(readFileSync(join(dataDir(), file), "utf8").trim());
    }
  });

  test("the banner's lines can be pasted, one after the other", async () => {
    const [takeToken = ""] = linesWith("export TOKEN");
    const [set = "", info = "", probe = ""] = linesWith("curl -s");
    expect(await paste([takeToken, set])).toBe('{"ok":true,"name":"db-password"}');
    expect(JSON.parse(await paste([takeToken, info]))).toMatchObject({
      ok: true,
      secret: { name: "db-password", bound_zid: "ZEQ-APP", read_count: 0 },
    });
    expect(await paste([takeToken, probe])).toBe('{"ok":true,"granted":false,"reason":"denied"}');
    const [takeCaller = ""] = linesWith("export CALLER");
    expect(await paste([takeCaller, 'echo "$CALLER"'])).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const [grpcurl = ""] = linesWith("grpcurl");
    expect(grpcurl.trim()).toMatch(/^grpcurl -plaintext -H .* 127\.0\.0\.1:\d+ zsc\.v1\.ZeqContext\/Read$/);
    const [takeKey = "", makeVault = ""] = ["export KEY", "export VAULT"].flatMap(linesWith);
    const [putSecret = "", getSecret = ""] = linesWith("/secrets/");
    const pasted = await paste([takeKey, makeVault, putSecret, "echo", getSecret]);
    const [put, got] = pasted.split("\n").map((line) => JSON.parse(line));
    expect([put, got]).toMatchObject([
      { path: "api-keys/openai", version: 1 },
      { path: "api-keys/openai", version: 1, value: "sk-1" },
    ]);
    const [verify = ""] = linesWith("audit verify");
    expect(await paste([verify])).toMatch(/^8 rows: the chain is whole [\s\S]*\nok\n$/);
  });

  test("a second start finds keys and data as they were", async () => {
    const key = readFileSync(join(dataDir(), "master.key"), "utf8");
    await server.end();
    await start();
    expect(readFileSync(join(dataDir(), "master.key"), "utf8")).toBe(key);
    const [takeToken = ""] = linesWith("export TOKEN");
    const [, info = ""] = linesWith("curl -s");
    expect(JSON.parse(await paste([takeToken, info]))).toMatchObject({ secret: { name: "db-password" } });
    expect(modeOf(join(dataDir(), "admin.jwt"))).toBe("600");
  });

  test.each(["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])("it does not listen on %s", async (address) => {
    const { code, stderr } = await runZsc(["serve", "--dev"], { ZSC_LISTEN: address }, { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toContain("ZSC_LISTEN must be a loopback address in development");
  });

  test("it is never a mode by accident", async () => {
    const { code, stderr } = await runZsc(["serve", "--dev"], { ZSC_MODE: "production" }, { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toContain("ZSC_MODE");
    expect((await runZsc(["serve"], {}, { cwd: folder })).code).toBe(1);
  });
}
