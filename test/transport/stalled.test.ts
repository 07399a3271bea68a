import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { EchoService } from "../gen/test/echo/v1/echo_pb.js";
import { until } from "../support/until.ts";
import { startEcho } from "./echo-server.ts";
import { askJson, askSession } from "./wire.ts";

const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const grpc = { ":method": "POST", "content-type": "application/grpc" };
const text = "x".repeat(900_000);
const look = { ":method": "POST", ":path": "/api/echo/look", "content-type": "application/json" };

/** Resolves once the peer has closed it. */
async function closed(emitter: net.Socket | http2.ClientHttp2Session | http2.ClientHttp2Stream): Promise<void> {
  emitter.on("error", () => undefined);
  if (!emitter.destroyed) {
    await new Promise((resolve) => emitter.once("close", resolve));
  }
}

describe("a stream that takes no part", () => {
  test.each([
    ["nothing", Buffer.alloc(0)],
    ["half of a prefix", Buffer.from([0, 0])],
    ["half of a message", Buffer.from([0, 0, 0, 0, 9, 1, 2])],
  ])("is ended when its first message does not come: %s", async (_what, beginning) => {
    const { server, port } = await startEcho({ limits: { firstMessageTimeoutMs: 150 } });
    const session = http2.connect(`http://127.0.0.1:${port}`);
    for (const path of [reflection, "/grpc.health.v1.Health/Watch", "/test.echo.v1.EchoService/Count"]) {
      const stream = session.request({ ...grpc, ":path": path }, { endStream: false });
      stream.write(beginning);
      await closed(stream);
      expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    }
    expect((await askSession(session, { ":path": "/healthz" })).header[":status"]).toBe(200);
    session.destroy();
    await server.close(0);
  });

  test("is ended behind a refusal, when its body goes on and on", async () => {
    const { server, port } = await startEcho();
    const session = http2.connect(`http://127.0.0.1:${port}`);
    for (const path of [reflection, "/grpc.health.v1.Health/Watch", "/test.echo.v1.EchoService/Count"]) {
      for (const type of ["application/json", "application/connect+json", "application/grpc+json", "text/html"]) {
        const stream = session.request({ ...grpc, ":path": path, "content-type": type }, { endStream: false });
        stream.resume();
        const [header] = await once(stream, "response");
        expect(header[":status"]).toBe(415);
        stream.write(Buffer.alloc(9_000_000));
        await closed(stream);
      }
    }
    session.destroy();
    await server.close(0);
  });

  test("may be silent once its first message has come", async () => {
    const { server, port } = await startEcho({ limits: { firstMessageTimeoutMs: 100 } });
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ...grpc, ":path": reflection }, { endStream: false });
    const list = Buffer.from([0, 0, 0, 0, 2, 0x3a, 0]);
    stream.write(list.subarray(0, 3));
    stream.write(list.subarray(3));
    await once(stream, "data");
    // Other streams come and go in more than the time that this one would have had.
    for (let i = 0; i < 2; i++) {
      await closed(session.request({ ...grpc, ":path": reflection }, { endStream: false }));
    }
    stream.write(list);
    await once(stream, "data");
    session.destroy();
    await server.close(0);
  });
});

describe("an answer that nobody takes", () => {
  const limits = { writeTimeoutMs: 200 };

  test("ends with its stream, and the session goes on", async () => {
    const { server, port } = await startEcho({ limits });
    const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
    const stream = session.request(look);
    stream.end(JSON.stringify({ text: "a short one" }));
    await closed(stream);
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    expect((await askSession(session, { ":method": "HEAD", ":path": "/healthz" })).header[":status"]).toBe(200);
    session.destroy();
    await server.close(0);
  });

  test("of a streaming method ends likewise", async () => {
    const { server, port } = await startEcho({ limits });
    const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
    const stream = session.request({ ...grpc, ":path": "/test.echo.v1.EchoService/Count" });
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 100]));
    await closed(stream);
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    session.destroy();
    await server.close(0);
  });

  test("ends with its connection on HTTP/1.1", async () => {
    const { server, port, faults } = await startEcho({ limits });
    const body = JSON.stringify({ text });
    const head = `POST /api/echo/look HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`;
    const socket = net.connect(port, "127.0.0.1");
    const gone = closed(socket);
    // More answers than what the system itself takes for a peer that reads nothing.
    socket.pause().write((head + body).repeat(30));
    await until(() => faults.some(({ where }) => where === "request"));
    // The requests behind the answer, which nobody reads, would end it as well, in half a minute.
    expect(faults.map(({ code }) => code)).not.toContain("ERR_HTTP_REQUEST_TIMEOUT");
    socket.resume();
    await gone;
    expect((await askJson(port, "GET", "/healthz")).status).toBe(200);
    await server.close(0);
  }, 60_000);

  test("and is slow, yet taken, arrives whole", async () => {
    const { server, port } = await startEcho({ limits });
    const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 65_535 } });
    const stream = session.request(look);
    stream.end(JSON.stringify({ text }));
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += (chunk as Buffer).length;
      await new Promise((next) => setTimeout(next, 15));
    }
    expect(bytes).toBeGreaterThan(text.length);
    session.destroy();
    await server.close(0);
  });
});

describe("a session that does nothing", () => {
  test("is told to go and closed, though it sends PINGs", async () => {
    const { server, port } = await startEcho({ limits: { sessionIdleTimeoutMs: 300 } });
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", () => undefined);
    const goaways: number[] = [];
    session.on("goaway", (code) => goaways.push(code));
    const pings = setInterval(() => {
      if (!session.destroyed) {
        session.ping(() => undefined);
      }
    }, 30);
    await closed(session);
    clearInterval(pings);
    expect(goaways[0]).toBe(http2.constants.NGHTTP2_NO_ERROR);
    await server.close(0);
  });

  test("stays while a call is under way", async () => {
    const { server, port } = await startEcho({ limits: { sessionIdleTimeoutMs: 100 } });
    const client = createClient(EchoService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));
    await expect(client.wait({ forMs: 700 })).resolves.toBeDefined();
    await server.close(0);
  });

  test("makes room for others when there are many connections, the oldest first", async () => {
    const { server, port } = await startEcho({ limits: { maxConnections: 10 } });
    const sessions: http2.ClientHttp2Session[] = [];
    for (let i = 0; i < 8; i++) {
      const session = http2.connect(`http://127.0.0.1:${port}`);
      session.on("error", () => undefined);
      await askSession(session, { ":path": "/healthz" });
      sessions.push(session);
    }
    const kept = net.connect(port, "127.0.0.1");
    kept.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(kept, "data");
    const [oldest] = sessions;
    const gone = closed(oldest as http2.ClientHttp2Session);
    const late = await askJson(port, "GET", "/healthz");
    expect(late.status).toBe(200);
    await gone;
    expect(sessions.at(-1)?.destroyed).toBe(false);
    for (const session of sessions) {
      session.destroy();
    }
    kept.destroy();
    await server.close(0);
  });
});

describe("a storm of cancelled calls", () => {
  const limits = { streamResetBurst: 50, streamResetRate: 1 };

  test("ends its session with ENHANCE_YOUR_CALM", async () => {
    const { server, port } = await startEcho({ limits });
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const goaways: number[] = [];
    session.on("goaway", (code) => goaways.push(code));
    const gone = closed(session);
    while (!session.destroyed) {
      const stream = session.request({ ...look, ":path": "/test.echo.v1.EchoService/Wait" });
      stream.on("error", () => undefined).end('{"forMs":20000}');
      await new Promise((next) => setTimeout(next, 2));
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    await gone;
    expect(goaways).toEqual([http2.constants.NGHTTP2_ENHANCE_YOUR_CALM]);
    await server.close(0);
  });

  test.each([
    ["gRPC", (baseUrl: string) => createGrpcTransport({ baseUrl })],
    ["gRPC-Web", (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "2" })],
    ["Connect", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "2" })],
  ])("is UNAVAILABLE to a call of %s beside them", async (_name, open) => {
    const { server, port, records } = await startEcho({ limits });
    const client = createClient(EchoService, open(`http://127.0.0.1:${port}`));
    const beside = client.wait({ forMs: 25_000 });
    const failure = expect(beside).rejects.toMatchObject({ code: Code.Unavailable });
    const abort = new AbortController();
    const calls = Array.from({ length: 60 }, () => client.wait({ forMs: 25_000 }, { signal: abort.signal }));
    const cancelled = Promise.allSettled(calls);
    // All of them are under way once one that was sent after them was answered.
    await client.echo({});
    abort.abort();
    await cancelled;
    await failure;
    await until(() => records.length === 62);
    await server.close(0);
  });
});
