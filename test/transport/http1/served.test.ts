import { type EchoServer, startEcho } from "../echo-server.ts";
import { countNodeRequests, json, look, request, talk } from "./talk.ts";

let echo: EchoServer;
const node = countNodeRequests();
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(async () => {
  node.stop();
  await echo.server.close(0);
});

/** What is answered, and whether node:http has read it. */
async function served(bytes: string | Buffer) {
  const before = node.count;
  const peer = await talk(echo.port);
  const { status } = await peer.ask(bytes);
  peer.socket.destroy();
  return { status: status.slice(9, 12), byNode: node.count > before };
}

describe("the lane serves", () => {
  test.each([
    ["a GET", request("GET /healthz"), "200"],
    ["a GET with a query", request("GET /healthz?a=%20&b"), "200"],
    ["a GET that says it has no body", request("GET /healthz", ["content-length: 0"]), "200"],
    ["a path that is nowhere", request("GET /nowhere"), "404"],
    ["another method than the path has", request("PUT /healthz", [], ""), "405"],
    ["a DELETE", request("DELETE /api/echo/x"), "200"],
    ["a POST", look("hello"), "200"],
    ["a POST of UTF-8", look("é🔑"), "200"],
    ["a POST without a byte", request("POST /api/echo/wait", json, ""), "200"],
    ["a PATCH", request("PATCH /healthz", [], "x"), "405"],
    ["Connect", request("POST /test.echo.v1.EchoService/Look", json, '{"text":"x"}'), "200"],
    ["gRPC-Web", request("POST /test.echo.v1.EchoService/Look", ["content-type: application/grpc-web"], ""), "200"],
    [
      "gRPC, which HTTP/1.1 cannot carry",
      request("POST /test.echo.v1.EchoService/Look", ["content-type: application/grpc"], ""),
      "505",
    ],
    ["names in capitals and no blank", "GET /healthz HTTP/1.1\r\nHOST:x\r\nX-a:b c\r\n\r\n", "200"],
    ["connection: keep-alive", request("GET /healthz", ["Connection: Keep-Alive"]), "200"],
    [
      "many headers",
      request(
        "GET /healthz",
        Array.from({ length: 99 }, (_, at) => `x-${at}: y`),
      ),
      "200",
    ],
  ])("%s", async (_what, bytes, status) => {
    expect(await served(bytes)).toEqual({ status, byNode: false });
  });
});

describe("node:http serves", () => {
  const get = (...header: string[]) => request("GET /healthz", header);
  test.each([
    ["HEAD", request("HEAD /healthz"), "200"],
    ["OPTIONS", request("OPTIONS /healthz"), "405"],
    ["HTTP/1.0", "GET /healthz HTTP/1.0\r\nhost: x\r\n\r\n", "200"],
    ["a POST that does not say how long it is", request("POST /api/echo/wait"), "200"],
    ["a GET with a body", request("GET /healthz", [], "x"), "200"],
    ["a DELETE with a body", request("DELETE /api/echo/x", json, "{}"), "200"],
    ["two requests at once", get() + get(), "200"],
    ["a blank behind a value", get("x: y "), "200"],
    ["two blanks before a value", get("x:  y"), "200"],
    ["a tab in a value", get("x: a\tb"), "200"],
    ["an empty value", get("x:"), "200"],
    ["bytes over ASCII in a value", get("x: \xe9"), "200"],
    ["a name twice", get("x: y", "X: z"), "200"],
    ["cookies apart", get("cookie: a=b", "cookie: c=d"), "200"],
    ["connection: close", get("connection: close"), "200"],
    ["a connection header of its own", get("connection: x"), "200"],
    ["te", get("te: trailers"), "200"],
    ["trailer", get("trailer: x"), "200"],
    ["expect", request("POST /api/echo/look", [...json, "expect: 100-continue"], '{"text":"x"}'), "100"],
    ["keep-alive", get("keep-alive: timeout=5"), "200"],
    ["h2c", get("upgrade: h2c", "http2-settings: AAMAAABkAAQCAAAAAAIAAAAA"), "200"],
    ["an empty line before it", `\r\n${get()}`, "200"],
    [
      "chunks",
      `${request("POST /api/echo/look", [...json, "transfer-encoding: chunked"])}c\r\n{"text":"x"}\r\n0\r\n\r\n`,
      "200",
    ],
    ["a body over the bound of the lane", look("x".repeat(65_536)), "200"],
    ["two blanks in its line", request("GET  /healthz"), "200"],
    ["two of host", get("host: x"), "400"],
    ["a host that is none", "GET /healthz HTTP/1.1\r\nhost: x/y\r\n\r\n", "400"],
    ["a target that is no path", request("GET http://x/healthz"), "400"],
  ])("%s", async (_what, bytes, status) => {
    expect(await served(bytes)).toEqual({ status, byNode: true });
  });
});

/** So it is refused before there is a request. */
describe("node:http refuses", () => {
  test.each([
    ["no host", "GET /healthz HTTP/1.1\r\n\r\n"],
    ["bare line feeds", "GET /healthz HTTP/1.1\nhost: x\n\n"],
    ["a bare line feed in a header", request("GET /healthz", ["a: b\nc: d"])],
    ["a folded line", request("GET /healthz", ["a: b\r\n c"])],
    ["a blank before the colon", request("GET /healthz", ["a : b"])],
    ["a NUL", request("GET /healthz", ["a: b\0c"])],
    ["two lengths", request("POST /api/echo/look", ["content-length: 1"], "x")],
    ["a signed length", request("POST /api/echo/look", ["content-length: +1"])],
    ["a length in hex", request("POST /api/echo/look", ["content-length: 0x1"])],
    ["a length and chunks", request("POST /api/echo/look", ["transfer-encoding: chunked"], "0\r\n\r\n")],
    ["another version", request("GET /healthz").replace("HTTP/1.1", "HTTP/1.2")],
    [
      "101 headers",
      request(
        "GET /healthz",
        Array.from({ length: 101 }, (_, at) => `x-${at}: y`),
      ),
    ],
    ["a target over ASCII", Buffer.from(request("GET /\xe9"), "latin1")],
  ])("%s", async (_what, bytes) => {
    expect((await served(bytes)).status).toMatch(/^[45]/);
  });
});

test("a connection that was handed over stays with node:http", async () => {
  const peer = await talk(echo.port);
  await peer.ask(request("GET /healthz"));
  const before = node.count;
  await peer.ask(request("HEAD /healthz"));
  await peer.ask(request("GET /healthz"), 3);
  expect(node.count).toBe(before + 2);
  peer.socket.destroy();
});

test("a bound of 0 leaves everything to node:http", async () => {
  const { server, port } = await startEcho({ limits: { maxPlainRequestBytes: 0 } });
  const peer = await talk(port);
  const before = node.count;
  await peer.ask(request("GET /healthz"));
  expect(node.count).toBe(before + 1);
  peer.socket.destroy();
  await server.close(0);
});
