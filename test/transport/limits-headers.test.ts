import { type EchoServer, startEcho } from "./echo-server.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameTypes,
  headerBlock,
  opening,
  remembered,
  repeated,
  speakFrames,
} from "./frames.ts";
import { askHttp2, askJson, envelope, speak } from "./wire.ts";

let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(() => echo.server.close(0));

const look = "/test.echo.v1.EchoService/Look";
const long = { "x-long": "x".repeat(17_000) };
const many = Object.fromEntries(Array.from({ length: 120 }, (_, number) => [`x-${number}`, "x"]));

describe.each([
  ["of 17 KB", long],
  ["of 120 pairs", many],
])("a header list %s", (_what, header) => {
  test.each([
    ["grpc", look, "application/grpc", { status: "200", grpcStatus: "8", body: "" }],
    ["grpc-web", look, "application/grpc-web", { status: "200", grpcStatus: "8", body: "" }],
    [
      "a stream of grpc",
      "/grpc.health.v1.Health/Watch",
      "application/grpc",
      { status: "200", grpcStatus: "8", body: "" },
    ],
    ["connect", look, "application/json", { status: "431", body: /^\{"code":"resource_exhausted","message":".+"\}$/ }],
    [
      "json",
      "/api/echo/look",
      "application/json",
      { status: "431", body: /^\{"ok":false,"error":"request headers too large"\}$/ },
    ],
    ["nothing that there is", "/nothing", "application/json", { status: "431", body: /resource_exhausted/ }],
    ["health", "/healthz", "application/json", { status: "431", body: /resource_exhausted/ }],
  ])("is refused in the words of %s over HTTP/2", async (_framing, path, type, expected) => {
    const request = { ":method": "POST", ":path": path, "content-type": type, ...header };
    const answer = await askHttp2(echo.port, request, envelope(Buffer.alloc(0)));
    expect({
      status: String(answer.header[":status"]),
      grpcStatus: answer.header["grpc-status"],
      body: answer.body.toString(),
    }).toEqual({ grpcStatus: undefined, ...expected, body: expect.stringMatching(expected.body) });
  });

  test("is refused with 431 over HTTP/1.1", async () => {
    const lines = Object.entries(header).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines.join("")}\r\n`;
    expect(await speak(echo.port, [head])).toMatch(/^HTTP\/1\.1 431 /);
  });
});

test("what is at the bounds is taken", async () => {
  const header = { ":path": "/healthz", "x-long": "x".repeat(16_000) };
  expect((await askHttp2(echo.port, header)).header[":status"]).toBe(200);
  const pairs = Object.fromEntries(Object.entries(many).slice(0, 90));
  expect((await askHttp2(echo.port, { ":path": "/healthz", ...pairs })).header[":status"]).toBe(200);
  expect((await askJson(echo.port, "GET", "/healthz")).status).toBe(200);
});

describe("a peer that acknowledges no settings", () => {
  const request = { ":method": "POST", ":scheme": "http", ":authority": "x" };
  const cookies = remembered("cookie", ";".repeat(4_000));

  test.each([
    ["json", "/api/echo/look", "application/json", "request headers too large"],
    ["connect", look, "application/json", "resource_exhausted"],
  ])("is refused a few bytes that decode to a long list: %s", async (_framing, path, type, words) => {
    const block = Buffer.concat([
      headerBlock({ ...request, ":path": path, "content-type": type }),
      cookies,
      repeated(90),
    ]);
    const frames = [opening, frame(frameTypes.headers, endHeaders | endStream, 1, block)];
    expect((await speakFrames(echo.port, frames, 1)).toString("latin1")).toContain(words);
  });
});
