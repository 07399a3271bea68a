import { once } from "node:events";
import http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { EchoRequestSchema, EchoService, LookRequestSchema } from "../gen/test/echo/v1/echo_pb.js";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askHttp2, askSession, envelope } from "./wire.ts";

let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho({ limits: { maxMessageBytes: 100_000, maxResponseBytes: 150_000 } });
});
afterAll(() => echo.server.close(0));

const path = (method: string) => `/test.echo.v1.EchoService/${method}`;
const look = (text: string) => envelope(toBinary(LookRequestSchema, create(LookRequestSchema, { text })));

describe.each([
  ["gRPC", createGrpcTransport],
  ["gRPC-Web", createGrpcWebTransport],
])("%s", (_name, createTransport) => {
  const client = (interceptors: Interceptor[] = []) =>
    createClient(
      EchoService,
      createTransport({ baseUrl: `http://127.0.0.1:${echo.port}`, httpVersion: "2", interceptors } as never),
    );

  test("answers with message, headers and trailers", async () => {
    let header: Headers | undefined;
    let trailer: Headers | undefined;
    const options = {
      headers: { "echo-header": "kept", authorization: "me" },
      onHeader: (received: Headers) => {
        header = received;
      },
      onTrailer: (received: Headers) => {
        trailer = received;
      },
    };
    const answer = await client().echo({ text: "ü€", big: -5n, words: ["a", ""] }, options);
    expect(answer.echo).toEqual(create(EchoRequestSchema, { text: "ü€", big: -5n, words: ["a", ""] }));
    expect(header?.get("echo-header")).toBe("kept");
    expect(header?.get("echo-caller")).toBe("me");
    expect(trailer?.get("echo-trailer")).toBe("at the end");
  });

  test("fails with code, message, details and metadata", async () => {
    const message = "50% of a/b: ü\n\u{1f600}";
    const error = await client()
      .fail({ kind: "details", code: Code.NotFound, message })
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: message });
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("TOLD_TO");
    expect(error.metadata.get("error-metadata")).toBe("kept");
    expect(error.metadata.get("error-bin")).toBe("AAEC");
  });

  test("keeps headers apart from the trailers of a failure", async () => {
    const error = await client()
      .fail({ kind: "header", code: Code.Aborted, message: "no" })
      .catch((reason) => reason);
    expect(error).toMatchObject({ code: Code.Aborted, rawMessage: "no" });
  });

  test("says internal error, and no more, when a handler has a bug", async () => {
    for (const kind of ["bug", "text"]) {
      const error = await client()
        .fail({ kind, message: "canary" })
        .catch((reason) => reason);
      expect(error).toMatchObject({ code: Code.Internal, rawMessage: "internal error" });
    }
    const stream = (async () => {
      for await (const _ of client().count({ to: -1 })) {
      }
    })();
    await expect(stream).rejects.toMatchObject({ code: Code.Internal, rawMessage: "internal error" });
  });

  test("refuses before it reads", async () => {
    const headers = { authorization: "Bearer no" };
    await expect(client().echo({}, { headers })).rejects.toMatchObject({ code: Code.Unauthenticated });
    const stream = (async () => {
      for await (const _ of client().count({ to: 1 }, { headers })) {
      }
    })();
    await expect(stream).rejects.toMatchObject({ code: Code.Unauthenticated, rawMessage: "unauthorized" });
  });

  test("streams", async () => {
    const numbers: number[] = [];
    for await (const { number } of client().count({ to: 3 })) {
      numbers.push(number);
    }
    expect(numbers).toEqual([1, 2, 3]);
  });

  test("refuses a message over the limit, and an answer over the other", async () => {
    const text = (length: number) => ({ text: "x".repeat(length) });
    await expect(client().look(text(99_990))).resolves.toMatchObject(text(99_990));
    await expect(client().look(text(100_001))).rejects.toMatchObject({ code: Code.ResourceExhausted });
    await expect(client().look(text(5_000_000))).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  test("keeps deadlines, and tells handlers of them and of cancellation", async () => {
    await expect(client().wait({ forMs: 10_000 }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    const controller = new AbortController();
    const call = client().wait({ forMs: 10_000 }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
    await until(() => echo.records.at(-1)?.code === Code.Canceled);
  });

  test("answers a method without a handler", async () => {
    await expect(client().missing({})).rejects.toMatchObject({ code: Code.Unimplemented });
  });
});

describe("gRPC on the wire", () => {
  const header = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
  const ask = (method: string, body: Buffer | string, more: Record<string, string> = {}) =>
    askHttp2(echo.port, { ...header, ":path": path(method), ...more }, body);

  test("sends one frame and its trailers", async () => {
    const answer = await ask("Look", look("hi"));
    expect(answer.header).toMatchObject({ ":status": 200, "content-type": "application/grpc+proto" });
    expect(answer.body).toEqual(look("hi"));
    expect(answer.trailer["grpc-status"]).toBe("0");
  });

  test.each([
    ["no message", Buffer.alloc(0), "12"],
    ["half a prefix", Buffer.from([0, 0, 0]), "3"],
    ["half a message", look("hi there").subarray(0, 8), "3"],
    ["two messages", Buffer.concat([look("a"), look("b")]), "12"],
    ["a message that is none", envelope(Buffer.from([0xff, 0xff, 0xff])), "3"],
    ["a string that is not UTF-8", envelope(Buffer.from([0x0a, 0x02, 0xff, 0xfe])), "3"],
    ["a compressed message without an encoding", envelope(Buffer.from([1]), 1), "13"],
  ])("refuses %s", async (_name, body, status) => {
    const answer = await ask("Look", body);
    expect(answer.header).toMatchObject({ ":status": 200, "grpc-status": status });
  });

  test.each([
    ["an unknown method", "/test.echo.v1.EchoService/Nothing", {}, { ":status": 200, "grpc-status": "12" }],
    ["an unknown service", "/nobody.Knows/It", {}, { ":status": 200, "grpc-status": "12" }],
    ["an unknown codec", path("Look"), { "content-type": "application/grpc+xml" }, { ":status": 415 }],
    ["another HTTP method", path("Look"), { ":method": "PUT" }, { ":status": 405, allow: "GET, POST" }],
    ["a malformed deadline", path("Look"), { "grpc-timeout": "soon" }, { ":status": 200, "grpc-status": "3" }],
    [
      "an unknown compression",
      path("Look"),
      { "grpc-encoding": "zip" },
      { "grpc-status": "12", "grpc-accept-encoding": "gzip" },
    ],
  ])("refuses %s", async (_name, target, more, expected) => {
    const answer = await ask("Look", look("x"), { ":path": target, ...more });
    expect(answer.header).toMatchObject(expected);
  });

  test.each([0x02, 0x80, 0x81])("refuses an envelope with the flags %d", async (flags) => {
    const message = look("x");
    message[0] = flags;
    expect((await ask("Look", message)).header).toMatchObject({ ":status": 200, "grpc-status": "13" });
  });

  test("speaks the JSON codec", async () => {
    const answer = await ask("Look", envelope(Buffer.from('{"text":"hi"}')), {
      "content-type": "application/grpc+json",
    });
    expect(answer.body.subarray(5).toString()).toBe('{"text":"hi"}');
  });
});

test("a call that was answered while its body came runs no handler", async () => {
  const seen: string[] = [];
  const { server, port } = await startEcho({ check: ({ name }) => void seen.push(name) });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const header = { ":method": "POST", ":path": path("Look"), "content-type": "application/grpc" };
  const stream = session.request({ ...header, "grpc-timeout": "50m" });
  const message = look("x");
  stream.write(message.subarray(0, 6));
  const [answer] = await once(stream, "response");
  expect(answer["grpc-status"]).toBe("4");
  stream.end(message.subarray(6)).resume();
  await once(stream, "close");
  // The next call on the connection is read after the rest of that body.
  await askSession(session, header, look("y"));
  expect(seen).toEqual(["Look"]);
  session.destroy();
  await server.close(0);
});

test.each([
  ["grpc-timeout", "596H", "application/grpc"],
  ["grpc-timeout", "597H", "application/grpc"],
  ["grpc-timeout", "99999999H", "application/grpc"],
  ["connect-timeout-ms", "2147483647", "application/connect+proto"],
  ["connect-timeout-ms", "9999999999", "application/connect+proto"],
])("a stream with %s %s is not over at once", async (name, value, contentType) => {
  const { server, port } = await startEcho();
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const header = { ":method": "POST", ":path": "/grpc.health.v1.Health/Watch", "content-type": contentType };
  const stream = session.request({ ...header, [name]: value });
  stream.end(envelope(Buffer.alloc(0))).resume();
  const [chunk] = await once(stream, "data");
  expect(chunk).toEqual(envelope(Buffer.from([0x08, 1])));
  await new Promise((next) => setTimeout(next, 100));
  expect(stream.readableEnded).toBe(false);
  session.destroy();
  await server.close(0);
});

test("grpc-js reads messages and status texts as they were meant", async () => {
  const client = new grpc.Client(`127.0.0.1:${echo.port}`, grpc.credentials.createInsecure());
  const call = (method: string, request: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      const same = (bytes: Buffer) => bytes;
      client.makeUnaryRequest(path(method), same, same, request, (error, value) =>
        error === null ? resolve(value as Buffer) : reject(error),
      );
    });
  const lookBytes = Buffer.from(toBinary(LookRequestSchema, create(LookRequestSchema, { text: "hi" })));
  expect(await call("Look", lookBytes)).toEqual(lookBytes);
  // FailRequest: kind, code and message.
  const message = "a: b/c, 100% ü";
  const fail = Buffer.concat([Buffer.from([0x10, 5, 0x1a, Buffer.byteLength(message)]), Buffer.from(message)]);
  await expect(call("Fail", fail)).rejects.toMatchObject({ code: grpc.status.NOT_FOUND, details: message });
  client.close();
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((next) => setTimeout(next, 5));
  }
}
