import { once } from "node:events";
import http2 from "node:http2";
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askHttp2, askJson, speak } from "./wire.ts";

let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho({ limits: { maxMessageBytes: 10_000 } });
});
afterAll(() => echo.server.close(0));

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const paths = [
  "/api/echo/look/x",
  "/healthz",
  "/test.echo.v1.EchoService/Look",
  "/grpc.health.v1.Health/Watch",
  "/nowhere",
];

type Case = readonly [what: string, requestTo: (path: string) => string];

describe("a request that can be read in two ways", () => {
  const body = "content-length: 2\r\n\r\n{}";
  const chunks = "\r\n2\r\n{}\r\n0\r\n\r\n";
  const cases: readonly Case[] = [
    ["two Host headers", (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\nhost: x\r\n${body}`],
    ["two Host headers in HTTP/1.0", (path: string) => `POST ${path} HTTP/1.0\r\nhost: x\r\nHost: y\r\n${body}`],
    ["no Host header", (path: string) => `POST ${path} HTTP/1.1\r\n${body}`],
    ["a Host header with a space", (path: string) => `POST ${path} HTTP/1.1\r\nhost: x y\r\n${body}`],
    ["a Host header with a path", (path: string) => `POST ${path} HTTP/1.1\r\nhost: x/y\r\n${body}`],
    ["a Host header with a user", (path: string) => `POST ${path} HTTP/1.1\r\nhost: me@x\r\n${body}`],
    [
      "chunks in HTTP/1.0",
      (path: string) => `POST ${path} HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n${chunks}`,
    ],
    ["two lengths", (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n${body}`],
    ["a list of lengths", (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2, 2\r\n\r\n{}`],
    ["a signed length", (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\n{}`],
    [
      "a length and chunks",
      (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n${body}`,
    ],
    [
      "chunks and a length",
      (path: string) =>
        `POST ${path} HTTP/1.1\r\nhost: x\r\n${body.slice(0, 19)}transfer-encoding: chunked\r\n${chunks}`,
    ],
    ...[
      "identity",
      "gzip, chunked",
      "xchunked",
      "chunked, chunked",
      "chunked\r\ntransfer-encoding: chunked",
      "\x0bchunked",
    ].map(
      (coding) =>
        [
          `transfer-encoding ${JSON.stringify(coding)}`,
          (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: ${coding}\r\n${chunks}`,
        ] as const,
    ),
    ["a folded line", (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n${body}`],
    ["a space before a colon", (path: string) => `POST ${path} HTTP/1.1\r\nhost : x\r\n${body}`],
    ["bare line feeds", (path: string) => `POST ${path} HTTP/1.1\nhost: x\ncontent-length: 2\n\n{}`],
    ["a target that is a URL", (path: string) => `POST http://x${path} HTTP/1.1\r\nhost: x\r\n${body}`],
    ["a fragment", (path: string) => `POST ${path}#x HTTP/1.1\r\nhost: x\r\n${body}`],
    ["bytes outside ASCII in the path", (path: string) => `POST ${path}\xc3\xa9 HTTP/1.1\r\nhost: x\r\n${body}`],
    ["bytes outside ASCII in the query", (path: string) => `POST ${path}?a=\xff HTTP/1.1\r\nhost: x\r\n${body}`],
    ["a control byte in the path", (path: string) => `POST ${path}\x01 HTTP/1.1\r\nhost: x\r\n${body}`],
  ];
  test.each(cases)("is 400 and ends its connection: %s", async (_what, requestTo) => {
    for (const path of paths) {
      const answer = await speak(echo.port, [Buffer.from(requestTo(path), "latin1")]);
      expect([path, statusOf(answer)]).toEqual([path, 400]);
      expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    }
  });

  test.each(["HTTP/0.9", "HTTP/2.0"])("is 505 when it says %s", async (version) => {
    for (const path of paths) {
      expect(statusOf(await speak(echo.port, [`POST ${path} ${version}\r\nhost: x\r\n\r\n`]))).toBe(505);
    }
  });

  test("is told in the words of the surface", async () => {
    const answer = await speak(echo.port, ["GET /api/echo/look/x HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n"]);
    expect(answer).toMatch(/\{"ok":false,"error":"host is not valid"\}$/);
  });

  const request = (more: Record<string, string>) => ({
    ":method": "GET",
    ":path": "/healthz",
    ":authority": "x",
    ...more,
  });
  test.each([
    ["a host that differs", { host: "y" }, 400],
    ["a host that is the same", { host: "X" }, 200],
    ["an authority with a user", { ":authority": "me@x" }, 400],
    ["an authority with a space", { ":authority": "a b" }, 400],
    ["a path outside ASCII", { ":path": "/api/echo/look/\u00e9" }, 400],
    ["a method's path outside ASCII", { ":path": "/test.echo.v1.EchoService/Look\u00ff" }, 400],
    ["a query outside ASCII", { ":path": "/healthz?\u00e9" }, 400],
    ["a fragment", { ":path": "/healthz#x" }, 400],
    ["an address and a port", { ":authority": "[::1]:7777" }, 200],
  ])("is judged on HTTP/2 too: %s", async (_what, more, status) => {
    const { header } = await askHttp2(echo.port, request(more)).catch((error: Error) => ({
      header: { ":status": 400, error },
    }));
    expect(header[":status"]).toBe(status);
  });
});

describe("an answer without a body", () => {
  test.each(["/healthz", "/api/echo/look/x", "/nowhere"])("has no length: HEAD %s", async (path) => {
    const answer = await speak(echo.port, [`HEAD ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`]);
    expect(answer).not.toMatch(/content-length|transfer-encoding/i);
    expect(answer.endsWith("\r\n\r\n")).toBe(true);
    const { header, body } = await askHttp2(echo.port, { ":method": "HEAD", ":path": path });
    expect([header["content-length"], body.length]).toEqual([undefined, 0]);
  });

  test.each([204, 304])("has no length: status %d", async (status) => {
    const bare = await startEcho({
      jsonSurfaces: [
        { prefix: "/api/echo", success: () => ({ status: 200 }), failure: () => ({ status, body: { a: 1 } }) },
      ],
    });
    const answer = await speak(bare.port, ["GET /api/echo/none HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"]);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toMatch(/content-length|transfer-encoding/i);
    expect(answer.endsWith("\r\n\r\n")).toBe(true);
    const { header, body } = await askHttp2(bare.port, { ":path": "/api/echo/none" });
    expect([header[":status"], header["content-length"], body.length]).toEqual([status, undefined, 0]);
    await bare.server.close(0);
  });
});

describe("a compressed body", () => {
  const json = '{"text":"packed"}';
  const post = async (path: string, body: Uint8Array, encoding: string) => {
    const response = await fetch(`http://127.0.0.1:${echo.port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": encoding },
      body: body as unknown as string,
    });
    return { status: response.status, accepted: response.headers.get("accept-encoding"), text: await response.text() };
  };
  const surface = "/api/echo/look";
  const connect = "/test.echo.v1.EchoService/Look";

  test.each(["gzip", "GZIP"])("is inflated: %s", async (encoding) => {
    for (const path of [surface, connect]) {
      const { status, text } = await post(path, gzipSync(json), encoding);
      expect([status, JSON.parse(text)]).toMatchObject([200, { text: "packed" }]);
    }
  });

  test("is inflated to the limit and no further", async () => {
    const long = (bytes: number) => gzipSync(`{"text":"${"x".repeat(bytes - 11)}"}`);
    expect((await post(surface, long(10_000), "gzip")).status).toBe(200);
    expect((await post(surface, long(10_001), "gzip")).status).toBe(413);
    expect((await post(surface, gzipSync(Buffer.alloc(5_000_000)), "gzip")).status).toBe(413);
  });

  test.each([
    ["deflate", deflateSync(json)],
    ["br", brotliCompressSync(json)],
    ["gzip, gzip", gzipSync(gzipSync(json))],
    ["x", Buffer.from(json)],
  ])("of another coding is refused: %s", async (encoding, body) => {
    expect(await post(surface, body, encoding)).toMatchObject({ status: 415, accepted: "gzip" });
    const { status, text } = await post(connect, body, encoding);
    expect([status, JSON.parse(text).code]).toEqual([501, "unimplemented"]);
  });

  test("that is none is 400", async () => {
    expect((await post(surface, Buffer.from(json), "gzip")).status).toBe(400);
    expect((await post(surface, gzipSync(json).subarray(0, 20), "gzip")).status).toBe(400);
    expect(() => gunzipSync(Buffer.from(json))).toThrow();
  });
});

describe("a body that waits to be asked for", () => {
  const expecting = (path: string, more: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\n${more}\r\n`;

  test("is asked for once it is wanted", async () => {
    const answer = await speak(echo.port, [
      expecting("/api/echo/look", "content-length: 13\r\n"),
      '{"text":"yes"}'.slice(0, 13),
      "",
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 /);
  });

  test.each([
    ["its length", "content-length: 99999\r\n", 413],
    ["the token", "authorization: Bearer no\r\ncontent-length: 5\r\n", 401],
  ])("is not when %s decides already", async (_what, more, status) => {
    const answer = await speak(echo.port, [expecting("/api/echo/look", more)]);
    expect(statusOf(answer)).toBe(status);
    expect(answer).not.toMatch(/ 100 Continue/);
    expect(answer).toMatch(/connection: close/i);
  });

  test("is not when nothing takes it", async () => {
    expect(statusOf(await speak(echo.port, [expecting("/nowhere", "content-length: 5\r\n")]))).toBe(404);
  });

  test("ends the connection with an early answer, though nobody said so", async () => {
    const request = "POST /api/echo/look HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 99999\r\n\r\n";
    expect(await speak(echo.port, [request])).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close/i);
  });

  test("is asked for on HTTP/2", async () => {
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    const stream = session.request({ ":method": "POST", ":path": "/api/echo/look", expect: "100-continue" });
    await once(stream, "continue");
    stream.end('{"text":"yes"}');
    const [header] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    expect(header[":status"]).toBe(200);
    session.destroy();
  });

  test("leaves other callers as they were", async () => {
    expect((await askJson(echo.port, "POST", "/api/echo/look", '{"text":"a"}')).status).toBe(200);
  });
});
