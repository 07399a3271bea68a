import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finished, runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";

describe("zsc import", () => {
  let folder = "";
  let server: ZscProcess;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-import-"));
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
  }, 90_000);
  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true });
  });

  const zsc = async (args: readonly string[], input = ""): Promise<Pick<Finished, "code" | "stdout" | "stderr">> => {
    const { code, stdout, stderr } = await runZsc(
      args,
      { XDG_STATE_HOME: join(folder, "state") },
      { cwd: folder, input },
    );
    return { code, stdout, stderr };
  };
  const read = async (name: string) => (await zsc(["read", name])).stdout;

  test("shows, asks, writes, and says what it did", async () => {
    writeFileSync(join(folder, ".env"), "A=canary-1\nB='canary 2' # two\nC=\n");
    const dry = await zsc(["import", ".env", "--prefix", "app/", "--owner", "ZEQ-DEV", "--dry-run"]);
    expect(dry).toEqual({
      code: 0,
      stdout: "+ app/A (line 1)\n+ app/B (line 2)\n= app/C (line 3: empty)\n",
      stderr: "format: env\n2 new, 0 to replace, 1 skipped, 0 refused, 0 warnings\n",
    });
    const unasked = await zsc(["import", ".env", "--prefix", "app/"]);
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining("next: --yes") });
    const done = await zsc([
      "import",
      ".env",
      "--prefix",
      "app/",
      "--owner",
      "ZEQ-DEV",
      "--tag",
      "t",
      "--yes",
      "--json",
    ]);
    expect(JSON.parse(done.stdout)).toEqual({
      ...{ ok: true, format: "env", dryRun: false },
      new: [
        { name: "app/A", line: 1 },
        { name: "app/B", line: 2 },
      ],
      existing: [],
      skipped: [{ name: "app/C", why: "empty", line: 3 }],
      ...{ warnings: [], refused: [], written: 2, failed: [] },
    });
    expect([await read("app/A"), await read("app/B")]).toEqual(["canary-1", "canary 2"]);
    expect(JSON.parse((await zsc(["context", "info", "app/A", "--json"])).stdout).secret).toMatchObject({
      purpose_tag: "t",
      bound_zid: "ZEQ-DEV",
    });
    for (const text of [dry, unasked, done]) {
      expect(JSON.stringify(text)).not.toContain("canary");
    }
  }, 60_000);

  test("what exists fails, is skipped or replaced, which keeps owner, grants and tag", async () => {
    const input = '{"app/A":"changed","app/new":"n"}';
    const failed = await zsc(["import", "-", "--yes"], input);
    expect(failed).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("1 name exists, and nothing was written"),
    });
    expect((await zsc(["context", "info", "app/new"])).code).toBe(5);
    expect((await zsc(["import", "-", "--yes", "--on-conflict", "skip"], input)).code).toBe(0);
    expect(await read("app/A")).toBe("canary-1");
    expect((await zsc(["import", "-", "--yes", "--on-conflict", "replace"], input)).code).toBe(0);
    expect(await read("app/A")).toBe("changed");
    expect(JSON.parse((await zsc(["context", "info", "app/A", "--json"])).stdout)).toMatchObject({
      secret: { purpose_tag: "t", bound_zid: "ZEQ-DEV" },
      version: 2,
    });
  }, 60_000);

  test("while anything is refused nothing is written, unless the rest is asked for", async () => {
    const input = "X=1\nnot an entry\n";
    expect(await zsc(["import", "-", "--yes"], input)).toMatchObject({
      code: 2,
      stdout: "+ X (line 1)\n!  (line 2: not_an_entry)\n",
    });
    expect((await zsc(["context", "info", "X"])).code).toBe(5);
    expect((await zsc(["import", "-", "--yes", "--skip-refused"], input)).code).toBe(1);
    expect((await zsc(["context", "info", "X"])).code).toBe(0);
    const long = "P='x''\nQ='y'\nR=1\n";
    const shown = await zsc(["import", "-", "--dry-run", "--skip-refused"], long);
    expect(shown.stdout).toBe("+ R (line 3)\n! P (lines 1 to 2: text_after_quote)\n");
  }, 60_000);

  test("a refusal for scripts is one line with the whole report", async () => {
    const { code, stdout, stderr } = await zsc(["import", "-", "--yes", "--json"], "Y=1\nnot an entry\n");
    expect([code, stdout]).toEqual([2, ""]);
    expect(JSON.parse(stderr)).toMatchObject({
      ...{ ok: false, error: "USAGE", exitCode: 2, written: 0 },
      refused: [{ why: "not_an_entry", line: 2 }],
    });
    const rest = await zsc(["import", "-", "--yes", "--json", "--skip-refused"], "Y=1\nnot an entry\n");
    expect([rest.code, rest.stdout]).toEqual([1, ""]);
    expect(JSON.parse(rest.stderr)).toMatchObject({
      ...{ ok: false, error: "NO", exitCode: 1, written: 1, new: [{ name: "Y", line: 1 }] },
      refused: [{ why: "not_an_entry", line: 2 }],
    });
  }, 60_000);

  test("a file that two formats fit says how to go on", async () => {
    const input = '{"request_id":"r","lease_duration":0,"data":{"data":{"KV":"canary-kv"},"metadata":{}}}';
    expect(await zsc(["import", "-", "--yes"], input)).toEqual({
      code: 2,
      stdout: "",
      stderr: "zsc: -, line 1: ambiguous_format\n  next: --format vault-kv2, or --format vault-kv1\n",
    });
    expect((await zsc(["import", "-", "--yes", "--format", "vault-kv2", "--owner", "ZEQ-DEV"], input)).code).toBe(0);
    expect(await read("KV")).toBe("canary-kv");
  }, 60_000);

  test("nothing to import, a folder, and a file that is not there", async () => {
    expect(await zsc(["import", "/dev/null"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("there is nothing to import"),
    });
    expect((await zsc(["import", "-"], "# only a comment\n")).code).toBe(2);
    expect((await zsc(["import", "-", "--yes"], "EMPTY=\n")).code).toBe(0);
    expect((await zsc(["import", "."])).code).toBe(2);
    expect((await zsc(["import", "nothing.env"])).code).toBe(2);
  }, 60_000);

  test("a thousand secrets, interrupted and resumed, are all there once, and the journal holds no value", async () => {
    const entries = Array.from({ length: 1_000 }, (_, index) => [`many/n${index}`, `canary-${index}`]);
    writeFileSync(join(folder, "many.json"), JSON.stringify(Object.fromEntries(entries)));
    const args = ["import", "many.json", "--yes", "--owner", "ZEQ-DEV"];
    expect((await zsc([...args, "--resume"])).code).toBe(2);
    const running = startZsc(args, { XDG_STATE_HOME: join(folder, "state") }, folder);
    const count = async () =>
      Number(JSON.parse((await zsc(["context", "list", "--prefix", "many/", "--json"])).stdout).count);
    while ((await count()) === 0) {
      // It has to have begun.
    }
    running.signal("SIGINT");
    const ended = await running.ended();
    const before = await count();
    if (before < 1_000) {
      expect(ended).toMatchObject({
        code: 130,
        stderr: expect.stringContaining("next: the same command with --resume"),
      });
      const [journal = ""] = readdirSync(join(folder, "state", "zsc"));
      const kept = readFileSync(join(folder, "state", "zsc", journal), "utf8");
      expect(JSON.parse(kept).done).toHaveLength(before);
      expect(kept).not.toContain("canary");
      expect((await zsc([...args, "--resume"])).code).toBe(0);
    }
    expect(await count()).toBe(1_000);
    expect(await read("many/n999")).toBe("canary-999");
    expect(readdirSync(join(folder, "state", "zsc"))).toEqual([]);
  }, 120_000);

  test("a server that is killed in the middle and comes back: every entry is there, and none is told wrong", async () => {
    const entries = Array.from({ length: 400 }, (_, index) => [`killed/n${index}`, `canary-${index}`]);
    writeFileSync(join(folder, "killed.json"), JSON.stringify(Object.fromEntries(entries)));
    const { host } = new URL(JSON.parse(readFileSync(join(folder, ".zsc", "vault.json"), "utf8")).url);
    const args = ["import", "killed.json", "--yes", "--owner", "ZEQ-DEV", "--json", "--timeout", "2s"];
    const running = startZsc(args, { XDG_STATE_HOME: join(folder, "state") }, folder);
    const count = async () =>
      Number(JSON.parse((await zsc(["context", "list", "--prefix", "killed/", "--json"])).stdout).count);
    while ((await count()) === 0) {
      // It has to have begun.
    }
    server.signal("SIGKILL");
    await server.ended();
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: host }, folder);
    await server.logged("listening");
    const { code, stdout } = await running.ended();
    const report = JSON.parse(stdout) as { written: number; failed: { name: string; error: string }[] };
    // An answer that was lost with the server is in doubt, and said to be.
    expect(report.failed.filter(({ error }) => error !== "IN_DOUBT")).toEqual([]);
    expect([code, report.written + report.failed.length]).toEqual([report.failed.length === 0 ? 0 : 6, 400]);
    expect(await count()).toBe(400);
  }, 120_000);
});
