import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askHttp2, askJson, askSession, envelope, speak } from "./wire.ts";

const maxMessageBytes = 10_000;
let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho({
    limits: { maxMessageBytes, headersTimeoutMs: 500, requestTimeoutMs: 500 },
  });
});
afterAll(() => echo.server.close(0));

const isAlive = async () => (await askJson(echo.port, "GET", "/healthz")).status === 200;
const json = (bytes: number) => `{"text":"${"x".repeat(bytes - '{"text":""}'.length)}"}`;

describe("a body over the limit", () => {
  test("is taken at the limit and refused one byte over it", async () => {
    expect((await askJson(echo.port, "POST", "/api/echo/look", json(maxMessageBytes))).status).toBe(200);
    const refused = await askJson(echo.port, "POST", "/api/echo/look", json(maxMessageBytes + 1));
    expect([refused.status, refused.json]).toEqual([413, { ok: false, error: "request too large" }]);
  });

  test("is refused from its announced length, before it is sent", async () => {
    const head = "POST /api/echo/look HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 99999999\r\n\r\n";
    expect(await speak(echo.port, [head, "x"])).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("is refused while it is counted, when no length is announced", async () => {
    const head = "POST /api/echo/look HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    const chunk = `1000\r\n${"x".repeat(4_096)}\r\n`;
    expect(await speak(echo.port, [head, chunk, chunk, chunk, "0\r\n\r\n"])).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("leaves the connection usable", async () => {
    const body = json(maxMessageBytes * 5);
    const one = `POST /api/echo/look HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const two = "GET /api/echo/look/after HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const answer = await speak(echo.port, [one, two], { pauseMs: 20 });
    expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*HTTP\/1\.1 200 [\s\S]*"text":"after"/);
  });

  test.each([
    ["keeps the connection", 8_388_608, "keep-alive"],
    ["says that the connection ends", 8_388_609, "close"],
  ])("%s after %i bytes that are still to come", async (_what, bytes, connection) => {
    const socket = net.connect(echo.port, "127.0.0.1");
    socket.write(`POST /api/echo/look HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`);
    const [answer] = await once(socket, "data");
    expect(`${answer}`).toMatch(new RegExp(`^HTTP/1\\.1 413 [\\s\\S]*\nconnection: ${connection}\r`, "i"));
    expect(`${answer}`).toMatch(/"request too large"/);
    socket.destroy();
  });

  test("does not reset a connection on which it is still sent", async () => {
    const socket = net.connect({ port: echo.port, host: "127.0.0.1", allowHalfOpen: true });
    const faults: Error[] = [];
    socket.on("error", (error) => faults.push(error)).resume();
    socket.write("POST /api/echo/look HTTP/1.1\r\nhost: x\r\ncontent-length: 8388609\r\n\r\n");
    await once(socket, "end");
    // What is sent after the response is taken, up to the last byte but one.
    for (let part = 0; part < 128; part++) {
      await new Promise((sent) => socket.write(Buffer.alloc(65_536), sent));
    }
    socket.end();
    await once(socket, "close");
    expect(faults).toEqual([]);
  });

  test("is refused on HTTP/2 with the connection kept", async () => {
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    const ask = (body: Buffer) =>
      new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
        const stream = session.request({
          ":method": "POST",
          ":path": "/test.echo.v1.EchoService/Look",
          "content-type": "application/grpc",
        });
        stream.on("response", resolve).on("error", reject).resume();
        stream.end(body);
      });
    expect((await ask(envelope(Buffer.alloc(5_000_000))))["grpc-status"]).toBe("8");
    expect((await ask(envelope(Buffer.alloc(0))))["grpc-status"]).toBeUndefined();
    session.destroy();
  });
});

describe("a request that is cut off", () => {
  const head = "POST /api/echo/look HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n";

  test("is given up after a time, in its headers and in its body", async () => {
    expect(await speak(echo.port, ["POST /api/echo/look HTTP/1.1\r\nhost:"])).toMatch(/^HTTP\/1\.1 408 /);
    expect(await speak(echo.port, [head, '{"text":'])).toMatch(/^HTTP\/1\.1 408 /);
    expect(await isAlive()).toBe(true);
  });

  test("is given up after a time on HTTP/2 as well", async () => {
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    const stream = session.request({
      ":method": "POST",
      ":path": "/test.echo.v1.EchoService/Look",
      "content-type": "application/grpc",
    });
    stream.on("error", () => {});
    stream.write(Buffer.from([0, 0, 0, 0, 50, 1, 2]));
    await new Promise((resolve) => stream.once("close", resolve));
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    session.destroy();
  });

  test("ends as cancelled when the caller goes away", async () => {
    const before = echo.records.length;
    const socket = net.connect(echo.port, "127.0.0.1");
    socket.write(`${head}{"te`);
    await new Promise((next) => setTimeout(next, 50));
    socket.destroy();
    while (echo.records.length === before) {
      await new Promise((next) => setTimeout(next, 5));
    }
    expect(echo.records.at(-1)).toMatchObject({ code: 1, framing: "json" });
    expect(await isAlive()).toBe(true);
  });

  // Frames by hand: the client of Node ends a body before it resets the stream.
  test.each(["application/grpc", "application/json", "application/proto"])(
    "ends as cancelled when a stream of %s is reset in the middle of a message",
    async (contentType) => {
      const before = echo.records.length;
      const header = Buffer.concat(
        Object.entries({
          ":method": "POST",
          ":scheme": "http",
          ":authority": "x",
          ":path": "/test.echo.v1.EchoService/Look",
          "content-type": contentType,
        }).flatMap(([name, value]) => [
          literal(0),
          literal(name.length),
          Buffer.from(name),
          literal(value.length),
          Buffer.from(value),
        ]),
      );
      const frames = [
        Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        frame(4, 0, 0, Buffer.alloc(0)),
        frame(1, 4, 1, header),
        frame(0, 0, 1, Buffer.from("{}")),
        frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
      ];
      const socket = net.connect(echo.port, "127.0.0.1");
      for (const bytes of frames) {
        socket.write(bytes);
        await new Promise((next) => setTimeout(next, 10));
      }
      while (echo.records.length === before) {
        await new Promise((next) => setTimeout(next, 5));
      }
      expect(echo.records.slice(before).map(({ code }) => code)).toEqual([1]);
      socket.destroy();
    },
  );
});

const literal = (byte: number) => Buffer.from([byte]);

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const prefix = Buffer.alloc(9);
  prefix.writeUIntBE(payload.length, 0, 3);
  prefix[3] = type;
  prefix[4] = flags;
  prefix.writeUInt32BE(stream, 5);
  return Buffer.concat([prefix, payload]);
}

test("a client that resets streams without end loses its connection", async () => {
  const session = http2.connect(`http://127.0.0.1:${echo.port}`);
  session.on("error", () => {});
  const gone = new Promise((resolve) => session.once("close", resolve));
  const reset = () => {
    for (let i = 0; i < 200 && !session.destroyed; i++) {
      const stream = session.request({ ":path": "/healthz" });
      stream.on("error", () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    if (!session.destroyed) {
      setImmediate(reset);
    }
  };
  reset();
  await gone;
  expect(await isAlive()).toBe(true);
});

describe("a connection of HTTP/2", () => {
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

  test.each([
    ["three bytes of the preface", preface.subarray(0, 3)],
    ["half of the preface", preface.subarray(0, 12)],
    ["the preface and no settings", preface],
  ])("that says %s and nothing more is closed", async (_what, bytes) => {
    const socket = net.connect(echo.port, "127.0.0.1");
    socket.on("error", () => undefined).resume();
    socket.write(bytes);
    await once(socket, "close");
  });

  test("that has said who it is may be silent", async () => {
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    await once(session, "remoteSettings");
    await new Promise((next) => setTimeout(next, 1_000));
    expect((await askSession(session, { ":path": "/healthz" })).header[":status"]).toBe(200);
    session.destroy();
  });

  test("is let go when its peer has gone without a word", async () => {
    const socket = net.connect({ port: echo.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.write(Buffer.concat([preface, settings]));
    await once(socket, "data");
    socket.resume().end();
    await once(socket, "end");
    socket.destroy();
  });
});

describe("what needs no token", () => {
  const grpc = { ":method": "POST", "content-type": "application/grpc" };
  const health = { ...grpc, ":path": "/grpc.health.v1.Health/Check" };
  const reflection = { ...grpc, ":path": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" };
  const maxPublicMessageBytes = 4_096;

  test.each([
    ["health", health],
    ["reflection", reflection],
  ])("takes small messages only: %s", async (_what, request) => {
    // Field 4, a name, as long as it takes.
    const message = (bytes: number) => {
      const name = bytes - 3;
      return envelope(Buffer.concat([Buffer.from([0x22, (name & 127) | 128, name >> 7]), Buffer.alloc(name, "x")]));
    };
    const statusOf = async (bytes: number) => {
      const { header, trailer } = await askHttp2(echo.port, request, message(bytes));
      return trailer["grpc-status"] ?? header["grpc-status"];
    };
    expect(await statusOf(maxPublicMessageBytes)).not.toBe("8");
    expect(await statusOf(maxPublicMessageBytes + 1)).toBe("8");
  });
});
