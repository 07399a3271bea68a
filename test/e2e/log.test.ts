import { once } from "node:events";
import { connect, constants } from "node:http2";
import { createConnection } from "node:net";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { hmacToken } from "../auth/hand-made-tokens.ts";
import { until } from "../support/until.ts";
import { holdHead } from "./support/head-lock.ts";
import { type HttpClient, http2Client } from "./support/http.ts";
import { rawConnection } from "./support/raw-connection.ts";
import { grpcJsClient, type RpcClient } from "./support/rpc-clients.ts";
import { freshName, newSecret, receiptText } from "./support/secrets.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";
import type { LogLine } from "./support/zsc-process.ts";

/** What an operator finds in the log of a server. */
describe("the log", () => {
  let vault: Vault;
  let http: HttpClient;
  let client: RpcClient;
  let caller = "";
  beforeAll(async () => {
    vault = await openVault({ database: "MariaDB", env: { ZSC_CALL_SECONDS: "2" } });
    http = http2Client(vault.host, vault.port);
    client = grpcJsClient(vault);
    caller = await vault.token("caller", "ZEQ-CALLER");
  }, 90_000);
  afterAll(async () => {
    http.close();
    client.close();
    await closeVaults();
  }, 60_000);

  let requests = 0;

  /** The line of the call that `send` makes under a request id of its own. */
  async function lineOf(send: (headers: Record<string, string>) => Promise<unknown>): Promise<LogLine | undefined> {
    requests += 1;
    const requestId = `request-${requests}`;
    await send({ "x-request-id": requestId });
    const find = () => vault.process.log().find((line) => line["requestId"] === requestId);
    await until(() => find() !== undefined);
    return find();
  }

  const readBody = (name: string) => {
    const message = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
    return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  };
  const grpc = (body: Uint8Array, more: Record<string, string> = {}) =>
    lineOf((headers) => {
      const all = { "content-type": "application/grpc", te: "trailers", ...headers, ...more };
      return http.send("POST", "/zsc.v1.ZeqContext/Read", { token: caller, headers: all, body });
    });

  /** Does something while nothing can be recorded. */
  async function whileHeld<T>(work: () => Promise<T>): Promise<T> {
    const letGo = await holdHead(vault);
    return await work().finally(letGo);
  }

  test("holds the receipt of every call that was recorded, and of no other", async () => {
    const name = await newSecret(vault, { boundZid: "ZEQ-CALLER" });
    const byJson = (method: string, path: string, body?: unknown) =>
      lineOf((headers) => vault.send(method, path, { headers, ...(body === undefined ? {} : { body }) }));
    const lines = [
      [await grpc(readBody(name)), "OK", "secret_read"],
      [await grpc(readBody(freshName("nothing"))), "NOT_FOUND", "secret_denied"],
      [await byJson("GET", "/api/zsc/list"), "OK", "admin_list"],
      [await byJson("POST", `/api/zsc/rotate/${name}`), "OK", "secret_rotated"],
      [await byJson("DELETE", "/api/zsc/nothing"), "NOT_FOUND", "secret_denied"],
      [
        await lineOf((headers) => {
          const all = { "content-type": "application/json", ...headers };
          const body = { names: [name, "nothing"] };
          return http.send("POST", "/zsc.v1.ZeqContext/BatchRead", { token: caller, headers: all, body });
        }),
        "OK",
        "secret_denied",
      ],
    ] as const;
    for (const [line, code, type] of lines) {
      expect(line).toMatchObject({ level: "info", code, receipt: expect.stringMatching(receiptText) });
      const [seq, rowHash] = String(line?.["receipt"]).split(".");
      expect(await vault.sql(`SELECT row_hash, transition_type FROM audit_log WHERE seq = ${seq}`)).toEqual([
        [rowHash, type],
      ]);
    }
    for (const line of [await grpc(readBody("a|b")), await byJson("POST", "/api/zsc/set", {})]) {
      expect(line).toMatchObject({ level: "info", code: "INVALID_ARGUMENT" });
      expect(line).not.toHaveProperty("receipt");
    }
  });

  test("says why a token was refused, and nothing of it", async () => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { sub: "ZEQ-CANARY", role: "admin", iss: "zsc", aud: "zsc", exp: now + 600 };
    const token = (change: Record<string, unknown>, header: Record<string, unknown> = { alg: "HS256" }) =>
      hmacToken({ ...claims, ...change }, { ...header, kid: "canary-kid" }, Buffer.from(vault.jwtSecret, "utf8"));
    const good = await vault.token("admin", "ZEQ-CANARY");
    const reasons: readonly (readonly [string, string | RegExp, string?])[] = [
      [token({ exp: 1_779_023_474 }), /^expired at 2026-05-17T13:11:14\.000Z \(\d+ s ago\)$/],
      [token({ exp: undefined }), "no exp: it would never expire"],
      [token({ iat: now + 900 }), "from the future (iat)"],
      [token({ nbf: now + 900 }), "from the future (nbf)"],
      [token({ iss: "canary-issuer" }), "wrong issuer (iss)"],
      [token({ aud: "canary-audience" }), "wrong audience (aud)"],
      [token({ sub: "auth0|canary" }), "no ZID: sub must be text of 1 to 128 bytes without control characters or |"],
      [token({ sub: undefined }), "no ZID: sub is missing"],
      [token({ role: "canary-role" }), "unknown role", "FORBIDDEN"],
      [token({}, { alg: "none" }), "its algorithm is not accepted"],
      [token({}, { alg: "RS256" }), /none is configured \(ZSC_CALLER_JWKS_URL\)$/],
      [hmacToken(claims, { alg: "HS256" }, Buffer.alloc(32, 1)), "bad signature"],
      [`${good.slice(0, -8)}AAAAAAAA`, "bad signature"],
      ["canary.canary.canary", "malformed"],
      ["canary-token", "malformed"],
      ["x".repeat(8_193), "longer than 8,192 characters"],
      [caller, "its role may not call this method", "FORBIDDEN"],
    ];
    for (const [bad, reason, code = "UNAUTHENTICATED"] of reasons) {
      const line = await lineOf((headers) => vault.send("GET", "/api/zsc/list", { token: bad, headers }));
      expect(line).toMatchObject({ level: "info", msg: "call refused", code });
      expect(line?.["reason"]).toEqual(typeof reason === "string" ? reason : expect.stringMatching(reason));
      expect(JSON.stringify(line)).not.toMatch(/canary|ZEQ-CANARY/i);
    }
    const bare = await lineOf((headers) => vault.sendBare("GET", "/api/zsc/list", { headers }));
    expect(bare).toMatchObject({ code: "UNAUTHENTICATED", reason: "no token" });
  });

  test.each<[string, Uint8Array, Record<string, string>, string]>([
    ["unknown flags", Buffer.from([0x7e, 0, 0, 0, 0]), {}, "Internal"],
    ["a compressed message without an encoding", Buffer.from([1, 0, 0, 0, 0]), {}, "Internal"],
    ["a message that is no gzip", Buffer.from([1, 0, 0, 0, 1, 7]), { "grpc-encoding": "gzip" }, "INVALID_ARGUMENT"],
    ["an encoding that nobody has", Buffer.from([1, 0, 0, 0, 0]), { "grpc-encoding": "br" }, "Unimplemented"],
    ["half an envelope", Buffer.from([0, 0]), {}, "INVALID_ARGUMENT"],
    ["less than it announces", Buffer.from([0, 0, 0, 0, 9, 1]), {}, "INVALID_ARGUMENT"],
    ["two messages", Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), {}, "Unimplemented"],
    ["no message", Buffer.alloc(0), {}, "Unimplemented"],
    ["more than it may", Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), {}, "MESSAGE_TOO_LARGE"],
    ["bytes that are no message", Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]), {}, "INVALID_ARGUMENT"],
  ])("tells what a client does wrong at info, with its code: %s", async (_what, body, headers, code) => {
    const line = await grpc(body, headers);
    expect(line).toMatchObject({ level: "info", msg: "call refused", code });
    expect(line).not.toHaveProperty("stack");
  });

  test("tells of clients who leave in the middle at info", async () => {
    const path = "/zsc.v1.ZeqContext/Read";
    const reset = await lineOf(async (headers) => {
      const session = connect(`http://${vault.host}:${vault.port}`).on("error", () => undefined);
      const all = { ":method": "POST", ":path": path, "content-type": "application/grpc", ...headers };
      const stream = session.request({ ...all, authorization: `Bearer ${caller}` }).on("error", () => undefined);
      stream.write(Buffer.from([0, 0, 0]));
      await once(session, "remoteSettings");
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      await new Promise<void>((resolve) => stream.once("close", resolve));
      session.destroy();
    });
    const cut = await lineOf(async (headers) => {
      const socket = createConnection(vault.port, vault.host).on("error", () => undefined);
      const head = Object.entries({ ...headers, authorization: `Bearer ${caller}`, "content-length": "99" });
      const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${lines}\r\n{`);
      await http.send("GET", "/healthz");
      socket.resetAndDestroy();
    });
    // What came of a message until then may be read before the reset is.
    const left = /^(Canceled|INVALID_ARGUMENT)$/;
    for (const line of [reset, cut]) {
      expect(line).toMatchObject({ level: "info", msg: "call refused", code: expect.stringMatching(left) });
      expect(line).not.toHaveProperty("stack");
    }
  });

  test.each([
    ["no HTTP", "GET / HTTP/9.9\r\n\r\n", "HPE_INVALID_VERSION"],
    ["no HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frames at all", "HTTP2_FRAME_SIZE_ERROR"],
    ["half a request", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n", "ECONNRESET"],
  ])("tells of connections that fail at info, with a code: %s", async (_what, bytes, code) => {
    const lines = () => vault.process.log().filter((line) => line.msg === "a connection failed" && line.code === code);
    const before = lines().length;
    const connection = await rawConnection(vault.host, vault.port);
    connection.write(bytes);
    await http.send("GET", "/healthz");
    connection.cut();
    await until(() => lines().length > before);
    for (const line of lines()) {
      expect(line).toMatchObject({ level: "info", reason: expect.stringMatching(/^(socket|session|request)$/) });
      expect(line).not.toHaveProperty("stack");
    }
  });

  test("tells of a JSON call that took too long, whose caller hears it in time", async () => {
    const answers: unknown[] = [];
    const line = await whileHeld(() =>
      lineOf(async (headers) => {
        const { status, text } = await vault.send("GET", "/api/zsc/list", { headers });
        answers.push(status, text);
      }),
    );
    const detail = "the call took too long, and may have been recorded";
    expect(answers).toEqual([500, JSON.stringify({ ok: false, error: "INTERNAL_ERROR", detail })]);
    expect(line).toMatchObject({ level: "info", code: "DeadlineExceeded" });
  });

  test("does not keep gRPC calls to the time of JSON calls", async () => {
    const name = await newSecret(vault, { boundZid: "ZEQ-CALLER" });
    const { reading } = await whileHeld(async () => {
      const reading = client.call(ZeqContext.method.read, { name }, { token: caller });
      expect((await vault.send("GET", "/api/zsc/list")).status).toBe(500);
      return { reading };
    });
    expect((await reading).message?.value).toBe("a value");
  });

  test("holds no error of ours after all that", () => {
    expect(vault.process.log().filter(({ level }) => level === "error")).toEqual([]);
  });
});
