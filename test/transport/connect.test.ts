import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { compressionGzip, createConnectTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { EchoRequestSchema, EchoService, LookRequestSchema } from "../gen/test/echo/v1/echo_pb.js";
import { type EchoServer, startEcho } from "./echo-server.ts";

let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho({ limits: { maxMessageBytes: 100_000, maxResponseBytes: 150_000 } });
});
afterAll(() => echo.server.close(0));

describe.each([
  ["1.1", true],
  ["1.1", false],
  ["2", true],
  ["2", false],
] as const)("Connect over HTTP/%s, binary: %s", (httpVersion, useBinaryFormat) => {
  const client = (more: object = {}) =>
    createClient(
      EchoService,
      createConnectTransport({
        baseUrl: `http://127.0.0.1:${echo.port}`,
        httpVersion,
        useBinaryFormat,
        ...more,
      } as Parameters<typeof createConnectTransport>[0]),
    );

  test("answers with message, headers and trailers", async () => {
    let header: Headers | undefined;
    let trailer: Headers | undefined;
    const request = create(EchoRequestSchema, {
      text: "ü€",
      big: -5n,
      at: { seconds: 1n },
      choice: { case: "right", value: { text: "r" } },
    });
    const answer = await client().echo(request, {
      headers: { "echo-header": "kept" },
      onHeader: (received) => {
        header = received;
      },
      onTrailer: (received) => {
        trailer = received;
      },
    });
    expect(answer.echo).toEqual(request);
    expect(header?.get("echo-header")).toBe("kept");
    expect(header?.get("cache-control")).toBe("no-store");
    expect(trailer?.get("echo-trailer")).toBe("at the end");
  });

  test("fails with code, message, details and metadata", async () => {
    const request = { kind: "details", code: Code.AlreadyExists, message: "ü: no" };
    const error = await client()
      .fail(request)
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.AlreadyExists, rawMessage: "ü: no" });
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("TOLD_TO");
    expect(error.metadata.get("error-metadata")).toBe("kept");
  });

  test("says internal error, and no more, when a handler has a bug", async () => {
    const call = client().fail({ kind: "bug", message: "canary" });
    await expect(call).rejects.toMatchObject({ code: Code.Internal, rawMessage: "internal error" });
  });

  test("keeps deadlines", async () => {
    const call = client().wait({ forMs: 10_000 }, { timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });

  test("takes compressed requests, and bounds what they become", async () => {
    const compressing = client({ sendCompression: compressionGzip, compressMinBytes: 1 });
    await expect(compressing.look({ text: "x".repeat(50_000) })).resolves.toMatchObject({ text: "x".repeat(50_000) });
    const bomb = compressing.look({ text: "x".repeat(10_000_000) });
    await expect(bomb).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  test("answers methods without side effects by GET", async () => {
    const answer = await client({ useHttpGet: true }).look({ text: "a & b = ü" });
    expect(answer.text).toBe("a & b = ü");
  });

  test("refuses a message over the limit", async () => {
    const call = client().look({ text: "x".repeat(5_000_000) });
    await expect(call).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });
});

describe("Connect on the wire", () => {
  const post = async (body: string | Buffer, headers: Record<string, string> = {}, method = "Look") => {
    const response = await fetch(`http://127.0.0.1:${echo.port}/test.echo.v1.EchoService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: body as string,
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text === "" ? undefined : JSON.parse(text),
    };
  };

  test("takes the names of the schema and those of JSON, and ignores unknown fields", async () => {
    const names = '{"other_name":"a","nobody":1}';
    expect((await post(names, {}, "Echo")).json).toEqual({ echo: { other_name: "a" } });
    expect((await post('{"renamed":"a"}', {}, "Echo")).json).toEqual({ echo: { other_name: "a" } });
  });

  test.each([
    ['{"text":5}', "text must be a string"],
    ["[]", "body must be a JSON object"],
    ["", "body must be a JSON object"],
  ])("refuses the JSON body %j in its own words", async (body, message) => {
    const answer = await post(body);
    expect([answer.status, answer.json]).toEqual([400, { code: "invalid_argument", message }]);
  });

  test("refuses a binary body that is no message, and one with text that is not UTF-8", async () => {
    for (const body of [Buffer.from([0xff, 0xff]), Buffer.from([0x0a, 0x02, 0xff, 0xfe])]) {
      const answer = await post(body, { "content-type": "application/proto" });
      expect(answer.json).toEqual({ code: "invalid_argument", message: "the message is not well-formed" });
    }
  });

  test.each<[Record<string, string>, number, string | undefined]>([
    [{ "content-type": "application/xml" }, 415, undefined],
    [{ "content-type": "application/json; charset=latin1" }, 415, undefined],
    [{ "content-type": "application/grpc" }, 505, undefined],
    [{ "connect-protocol-version": "2" }, 400, "invalid_argument"],
    [{ "connect-timeout-ms": "soon" }, 400, "invalid_argument"],
    [{ "content-encoding": "zip" }, 501, "unimplemented"],
  ])("refuses the headers %j", async (headers, status, code) => {
    const answer = await post('{"text":"x"}', headers);
    expect([answer.status, answer.json?.code]).toEqual([status, code]);
  });

  test("takes JSON with a charset", async () => {
    expect((await post('{"text":"x"}', { "content-type": "Application/JSON; charset=UTF-8" })).status).toBe(200);
  });

  test("refuses what is no gzip", async () => {
    const whole = gzipSync('{"text":"x"}');
    for (const body of [Buffer.from("text"), whole.subarray(0, 10)]) {
      const answer = await post(body, { "content-encoding": "gzip" });
      expect(answer.json).toMatchObject({ code: "invalid_argument" });
    }
    expect((await post(whole, { "content-encoding": "gzip" })).json).toEqual({ text: "x" });
  });

  test("answers GET only where nothing changes, and refuses what is no message", async () => {
    const get = (method: string, query: string) =>
      fetch(`http://127.0.0.1:${echo.port}/test.echo.v1.EchoService/${method}?${query}`);
    expect((await get("Echo", "encoding=json&message={}")).status).toBe(405);
    expect(await (await get("Look", 'encoding=json&message={"text":"x"}')).json()).toEqual({ text: "x" });
    const bytes = Buffer.from(toBinary(LookRequestSchema, create(LookRequestSchema, { text: "x" }))).toString(
      "base64url",
    );
    expect((await get("Look", `encoding=proto&base64=1&message=${bytes}`)).status).toBe(200);
    expect((await get("Look", "encoding=proto&base64=1&message=***")).status).toBe(400);
    expect((await get("Look", "encoding=json&message=canary")).status).toBe(400);
  });
});
