import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { ReadRequestSchema } from "#gen/zsc/v1/zeq_context_pb.js";
import { SetRequestSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import { failureOfGrpc } from "../support/failure.ts";
import { type Answer, type HttpClient, http2Client } from "../support/http.ts";
import { freshName, rowsOf } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

const readPath = "/zsc.v1.ZeqContext/Read";
const setPath = "/zsc.v1.ZscAdmin/Set";

function enveloped(message: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

/** gRPC messages as no client would write them. */
export function messages(vault: () => Vault): void {
  let http: HttpClient;
  let adminToken = "";
  let callerToken = "";
  beforeAll(async () => {
    http = http2Client(vault().host, vault().port);
    adminToken = await vault().token("admin", admin);
    callerToken = await vault().token("system", "ZEQ-SYS");
  });
  afterAll(() => http.close());

  const send = async (path: string, body: Uint8Array, more: Readonly<Record<string, string>> = {}) => {
    const token = path === setPath ? adminToken : callerToken;
    const headers = { "content-type": "application/grpc", te: "trailers", ...more };
    return await http.send("POST", path, { token, headers, body });
  };
  const failureOf = ({ headers }: Answer) => {
    const details = headers["grpc-status-details-bin"];
    const bytes = typeof details === "string" ? Buffer.from(details, "base64") : undefined;
    return failureOfGrpc(Number(headers["grpc-status"]), String(headers["grpc-message"]), bytes);
  };
  const read = (name: string) => Buffer.from(toBinary(ReadRequestSchema, create(ReadRequestSchema, { name })));
  const set = (name: string, value: string) =>
    Buffer.from(toBinary(SetRequestSchema, create(SetRequestSchema, { name, value })));

  test.each([
    ["a name", readPath, Buffer.from([0x0a, 2, 0x61, 0xff])],
    ["a purpose", readPath, Buffer.from([0x0a, 1, 0x61, 0x12, 2, 0xc0, 0xaf])],
    ["a value", setPath, Buffer.from([0x0a, 1, 0x61, 0x12, 3, 0xed, 0xa0, 0x80])],
    ["a permission", setPath, Buffer.from([0x0a, 1, 0x61, 0x12, 1, 0x62, 0x2a, 3, 0x0a, 1, 0xff])],
  ])("%s that is not UTF-8 is INVALID_ARGUMENT", async (_what, path, message) => {
    expect(failureOf(await send(path, enveloped(message)))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_ARGUMENT",
      message: "the message is not well-formed",
    });
  });

  test.each([
    ["a field that is longer than the message", Buffer.from([0x0a, 100, 0x61])],
    ["a number without an end", Buffer.alloc(12, 0xff)],
    ["a wire type that does not exist", Buffer.from([0x0f, 1])],
    ["the end of a group that never began", Buffer.from([0x0c])],
    ["field number zero", Buffer.from([0x02, 1, 0x61])],
  ])("%s is INVALID_ARGUMENT", async (_what, message) => {
    expect(failureOf(await send(readPath, enveloped(message)))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_ARGUMENT",
    });
  });

  test("of a field that is sent twice the last counts, and unknown fields are ignored", async () => {
    const [first, last] = [freshName("twice"), freshName("twice")];
    const unknown = Buffer.from([0xfa, 0x01, 3, 1, 2, 3]);
    const message = Buffer.concat([set(first, "v"), unknown, set(last, "w")]);
    expect((await send(setPath, enveloped(message))).headers["grpc-status"] ?? "0").toBe("0");
    expect(await rowsOf(vault(), first)).toEqual([]);
    expect(await rowsOf(vault(), last)).toHaveLength(1);
  });

  test.each([
    ["shorter than its prefix says", enveloped(read("name")).subarray(0, 8), "INVALID_ARGUMENT"],
    ["shorter than its prefix", Buffer.from([0, 0, 0]), "INVALID_ARGUMENT"],
    ["followed by another", Buffer.concat([enveloped(read("a")), enveloped(read("b"))]), "UNIMPLEMENTED"],
    ["not there", Buffer.alloc(0), "UNIMPLEMENTED"],
  ])("a message that is %s is refused", async (_what, body, code) => {
    expect(failureOf(await send(readPath, body)).code).toBe(code);
  });

  test.each([
    ["of 1 MiB and a byte", () => enveloped(Buffer.alloc(1_048_577))],
    ["of 5 MB", () => enveloped(set("large", "v".repeat(5_000_000)))],
    ["that says it has 4 GB", () => Buffer.concat([Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), read("n")])],
  ])("a message %s is RESOURCE_EXHAUSTED", async (_what, make) => {
    expect(failureOf(await send(setPath, make()))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "MESSAGE_TOO_LARGE",
      domain: "zsc.v1",
    });
  });

  test("compression is understood, and bounded by what comes out of it", async () => {
    const gzip = { "grpc-encoding": "gzip" };
    const name = freshName("gzip");
    expect((await send(setPath, enveloped(gzipSync(set(name, "v")), 1), gzip)).headers["grpc-status"] ?? "0").toBe("0");
    expect(await rowsOf(vault(), name)).toHaveLength(1);
    const bomb = gzipSync(set("bomb", "v".repeat(5_000_000)));
    expect(failureOf(await send(setPath, enveloped(bomb, 1), gzip))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "MESSAGE_TOO_LARGE",
    });
    expect(failureOf(await send(setPath, enveloped(Buffer.from("no gzip"), 1), gzip)).code).toBe("INVALID_ARGUMENT");
    const unknown = { "grpc-encoding": "brotli" };
    expect(failureOf(await send(setPath, enveloped(set("n", "v"), 1), unknown)).code).toBe("UNIMPLEMENTED");
  });

  test.each(["-1S", "1", "S", "1.5S", "123456789S", "1x", ""])("the deadline %j is malformed", async (timeout) => {
    expect(failureOf(await send(readPath, enveloped(read("n")), { "grpc-timeout": timeout }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "the timeout is malformed",
    });
  });
}
