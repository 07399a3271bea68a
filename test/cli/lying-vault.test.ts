import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { BatchReadItemSchema, ReadResponseSchema, ZeqContext } from "../../gen/zsc/v1/zeq_context_pb.js";
import { SecretMetadataSchema, ZscAdmin } from "../../gen/zsc/v1/zsc_admin_pb.js";
import { runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";

const recipient = "age1p6hl6jts2dflxkutt7dlkzpgkudfrl788yrunqkskkdhtxp5xehq3nq9vx";

interface Lies {
  /** The names of each page; after the last one it begins again, or ends. */
  readonly pages: readonly (readonly string[])[];
  readonly isEndless?: boolean;
  /** What a BatchRead answers instead of what was asked. */
  read?(names: readonly string[]): readonly string[];
}

/** A vault that does not do as it should: a command believes nothing of it that it can check. */
describe("a vault that lies", () => {
  let folder = "";
  let lies: Lies = { pages: [] };
  let server: Http2Server;
  let url = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-lies-"));
    const token = (role: string) =>
      ["{}", JSON.stringify({ role, sub: "ZEQ-DEV" }), "x"]
        .map((part) => Buffer.from(part).toString("base64url"))
        .join(".");
    writeFileSync(join(folder, "admin.jwt"), token("admin"));
    writeFileSync(join(folder, "caller.jwt"), token("caller"));
    const metadata = (name: string) => create(SecretMetadataSchema, { name, boundZid: "ZEQ-DEV" });
    const handler = connectNodeAdapter({
      routes(router) {
        router.service(ZscAdmin, {
          list({ pageToken, pageSize }) {
            const page = Number(pageToken ?? 0);
            const { pages, isEndless = false } = lies;
            const secrets = (pages[page % pages.length] ?? []).map(metadata);
            const hasMore = isEndless || page + 1 < pages.length;
            const isCount = pageSize === 1;
            return { secrets, total: 1n, ...(hasMore && !isCount ? { nextPageToken: String(page + 1) } : {}) };
          },
          info: () => ({ secret: metadata("other") }),
        });
        router.service(ZeqContext, {
          batchRead: ({ names }) => ({
            items: (lies.read ?? ((asked) => asked))(names).map((name) =>
              create(BatchReadItemSchema, {
                name,
                result: { case: "secret", value: create(ReadResponseSchema, { name, value: `value of ${name}` }) },
              }),
            ),
          }),
        });
      },
    });
    server = createHttp2Server(handler);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const exported = (...flags: readonly string[]) =>
    runZsc(
      [
        ...["export", "--url", url, "--token-file", "admin.jwt", "--reader-token-file", "caller.jwt"],
        ...["--to", recipient, "-o", "x.age", ...flags],
      ],
      {},
      { cwd: folder },
    );

  const told: readonly (readonly [string, Lies, (readonly string[])?])[] = [
    ["fewer values than names", { pages: [["a", "b"]], read: ([one]) => (one === undefined ? [] : [one]) }],
    ["no value at all", { pages: [["a"]], read: () => [] }],
    ["one value more", { pages: [["a"]], read: (names) => [...names, "b"] }],
    ["values of others", { pages: [["a", "b"]], read: (names) => names.toReversed() }],
    ["a name twice on a page", { pages: [["a", "a"]] }],
    ["a name again on the next page", { pages: [["a", "b"], ["b"]] }],
    ["names out of order", { pages: [["b", "a"]] }],
    ["pages that begin again", { pages: [["a"], ["b"]], isEndless: true }],
    ["empty pages without end", { pages: [[]], isEndless: true }],
    ["names that do not begin as was asked", { pages: [["prod/root"]] }, ["--prefix", "app/"]],
    ["more names than were asked for", { pages: [Array.from({ length: 101 }, (_, index) => String(1_000 + index))] }],
    ["another secret than the one that was named", { pages: [] }, ["--only", "me"]],
  ];

  test.each(told.map(([what, each, flags = []]) => ({ what, each, flags })))(
    "$what: no export comes of it",
    async ({ each, flags }) => {
      lies = each;
      const { code, stdout, stderr } = await exported(...flags);
      expect([code, stdout]).toEqual([8, ""]);
      expect(stderr).toContain("does not answer as a ZSC");
      expect(readdirSync(folder).sort()).toEqual(["admin.jwt", "caller.jwt"]);
    },
  );

  test("and one that does not is exported", async () => {
    lies = { pages: [["a", "b"], ["c"]] };
    expect(await exported()).toMatchObject({ code: 0, stderr: "3 secrets exported, sealed for 1 recipient\n" });
    rmSync(join(folder, "x.age"));
  });

  test("a list that never ends is given up", async () => {
    lies = { pages: [[]], isEndless: true };
    const { code, stderr } = await runZsc(
      ["context", "list", "--url", url, "--token-file", "admin.jwt"],
      {},
      { cwd: folder },
    );
    expect([code, stderr]).toEqual([8, expect.stringContaining("does not answer as a ZSC")]);
  });

  test("run puts no value into the variable of another secret", async () => {
    lies = { pages: [], read: (names) => names.toReversed() };
    const { code, stdout } = await runZsc(
      ["run", "--url", url, "--token-file", "caller.jwt", "--only", "A,B", "--", "env"],
      {},
      { cwd: folder },
    );
    expect([code, stdout]).toEqual([125, ""]);
  });
});

describe("a connection that is lost before the answer", () => {
  let folder = "";
  let vault: ZscProcess;
  let proxy: Server;
  let url = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-lost-"));
    vault = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    const { address } = await vault.logged("listening");
    const port = Number(String(address).split(":").at(-1));
    // Passes a request on, and ends both sides when the vault has begun to answer it.
    proxy = createServer((client) => {
      const upstream = connect(port, "127.0.0.1");
      let sent = 0;
      client.on("data", (data) => {
        sent += data.length;
        upstream.write(data);
      });
      upstream.on("data", (data) => {
        // The first frames are settings.
        if (sent < 400) {
          client.write(data);
        } else {
          client.destroy();
          upstream.destroy();
        }
      });
      for (const socket of [client, upstream]) {
        socket.on("error", () => undefined);
      }
    });
    await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const token = await runZsc(["token", "--dev", "--role", "admin", "--zid", "ZEQ-ADMIN"], {}, { cwd: folder });
    writeFileSync(join(folder, "admin.jwt"), token.stdout);
  }, 60_000);
  afterAll(async () => {
    proxy.close();
    await vault.end();
    rmSync(folder, { recursive: true });
  });

  test("says that a change may have happened, and how to look; a look says no such thing", async () => {
    const through = ["--url", url, "--token-file", "admin.jwt"];
    const input = { cwd: folder, input: "v" };
    const set = await runZsc(["context", "set", "cut", "--create", ...through], {}, input);
    expect(set).toMatchObject({ code: 8, stdout: "" });
    expect(set.stderr).toMatch(/: it may have happened\n {2}next: zsc context info cut\n$/);
    expect(await runZsc(["context", "info", "cut"], {}, { cwd: folder })).toMatchObject({ code: 0 });
    const info = await runZsc(["context", "info", "cut", ...through], {}, { cwd: folder });
    expect([info.code, info.stderr]).toEqual([8, expect.not.stringContaining("may have happened")]);
    const nobody = await runZsc(
      ["context", "set", "cut", "--url", "http://127.0.0.1:1", "--token-file", "admin.jwt"],
      {},
      input,
    );
    expect([nobody.code, nobody.stderr]).toEqual([8, expect.not.stringContaining("may have happened")]);
  }, 60_000);

  test("results that cannot be written end with 2", async () => {
    for (const command of ["context list", "whoami --json", `export --to ${recipient} --partial`]) {
      const script = `exec "$0" "$1" ${command} > /dev/full`;
      const program = join(process.cwd(), "bin/zsc.mjs");
      const { status, stderr } = spawnSync("sh", ["-c", script, process.execPath, program], {
        ...{ cwd: folder, encoding: "utf8" },
      });
      const lost = expect.stringContaining("standard output cannot be written (ENOSPC)");
      expect([command, status, stderr]).toEqual([command, 2, lost]);
    }
  }, 60_000);
});

describe("zsc pulse", () => {
  test("stays with the vault that it began with, when its folder goes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "zsc-kept-"));
    const settings = { ZSC_LISTEN: "127.0.0.1:0" };
    mkdirSync(join(folder, "play"));
    mkdirSync(join(folder, "real"));
    const [play, real] = [
      startZsc(["serve", "--dev"], settings, join(folder, "play")),
      startZsc(["serve", "--dev"], settings, join(folder, "real")),
    ];
    const env = { XDG_CONFIG_HOME: join(folder, "config"), PATH: process.env["PATH"] ?? "" };
    try {
      await play.logged("listening");
      const { address } = await real.logged("listening");
      const token = await runZsc(["token", "--role", "admin", "--zid", "ZEQ-ADMIN"], {}, { cwd: join(folder, "real") });
      await runZsc(["login", `http://${address}`, "--token-stdin"], env, { cwd: folder, input: token.stdout });
      const shell = spawn(process.execPath, [join(process.cwd(), "bin/zsc.mjs"), "pulse"], {
        ...{ cwd: join(folder, "play"), env, stdio: ["pipe", "pipe", "pipe"] },
      });
      let told = "";
      shell.stderr.setEncoding("utf8").on("data", (text: string) => {
        told += text;
      });
      shell.stdin.write("whoami\n");
      const [first] = await once(shell.stdout, "data");
      expect(String(first)).toContain("the development vault");
      renameSync(join(folder, "play/.zsc"), join(folder, "play/gone"));
      shell.stdin.write("context list\n");
      expect(await once(shell, "close")).toEqual([2, null]);
      expect(told).toContain("there is no development vault in ./.zsc");
    } finally {
      await Promise.all([play.end(), real.end()]);
      rmSync(folder, { recursive: true });
    }
  }, 90_000);
});
