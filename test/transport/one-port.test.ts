import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askHttp2, askSession, speak } from "./wire.ts";

describe("one port", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho({ limits: { sniffTimeoutMs: 200, maxHeaderBytes: 8_192 } });
  });
  afterAll(() => echo.server.close(0));

  const post = (body: string) =>
    `POST /api/echo/look HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

  test("speaks HTTP/1.1, also when the first bytes come one by one", async () => {
    const pieces = ["P", "O", "S", post('{"text":"hi"}').slice(3)];
    const answer = await speak(echo.port, pieces, { pauseMs: 10 });
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/\{"ok":true,"text":"hi"\}$/);
  });

  test.each(["PUT", "PATCH", "PROPFIND", "GET"])("takes %s for HTTP/1.1", async (method) => {
    const answer = await speak(echo.port, [`${method} /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`]);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("speaks HTTP/2 with prior knowledge", async () => {
    const { header } = await askHttp2(echo.port, { ":path": "/healthz" });
    expect(header[":status"]).toBe(200);
  });

  test("speaks HTTP/2 when the preface comes byte by byte", async () => {
    const socket = net.connect(echo.port, "127.0.0.1");
    for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
      socket.write(byte);
      await new Promise((next) => setTimeout(next, 2));
    }
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    const [first] = (await once(socket, "data")) as [Buffer];
    // The server's SETTINGS frame.
    expect(first[3]).toBe(4);
    socket.destroy();
  });

  test.each([[""], ["P"], ["PR"]])("closes a connection that says %j and nothing more", async (beginning) => {
    const pieces = beginning === "" ? [] : [beginning];
    await expect(speak(echo.port, pieces)).resolves.toBe("");
  });

  test.each([
    ["junk", Buffer.from([0xff, 0x00, 0x16, 0x03, 0x01, 0x02])],
    ["a TLS handshake", Buffer.from("16030100a5010000a10303", "hex")],
    ["a broken preface", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"],
    ["a preface and junk", Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.alloc(64, 0xff)])],
    ["a request line without end", `GET /${"a".repeat(20_000)}`],
  ])("outlives %s", async (_name, bytes) => {
    await speak(echo.port, [bytes]);
    const { header } = await askHttp2(echo.port, { ":path": "/healthz" });
    expect(header[":status"]).toBe(200);
  });

  test("refuses headers over the limit on both versions of HTTP", async () => {
    const big = "x".repeat(9_000);
    const answer = await speak(echo.port, [`GET /healthz HTTP/1.1\r\nhost: x\r\nbig: ${big}\r\n\r\n`]);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    await askSession(session, { ":path": "/healthz" });
    expect((await askSession(session, { ":path": "/healthz", big })).header[":status"]).toBe(431);
    expect((await askSession(session, { ":path": "/healthz", big: big.repeat(5) })).header[":status"]).toBe(431);
    session.destroy();
  });

  test("tells the limit of streams to its peers", async () => {
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    const [settings] = (await once(session, "remoteSettings")) as [http2.Settings];
    expect(settings.maxConcurrentStreams).toBe(1_024);
    session.destroy();
  });
});
