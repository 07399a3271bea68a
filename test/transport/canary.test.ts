import { gzipSync } from "node:zlib";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askHttp2, envelope, speak } from "./wire.ts";

const canary = "CANARY7c1f";
let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(() => echo.server.close(0));

/** What is wrong with each of these is part of it, or stands beside it. */
const bodies: readonly (readonly [string, string | Buffer])[] = [
  ["a number for a string", `{"text":5,"label":"${canary}"}`],
  ["a string for a number", `{"small":"${canary}"}`],
  ["a string for a boolean", `{"flag":"${canary}"}`],
  ["a string for an object", `{"inner":"${canary}"}`],
  ["a string for an array", `{"words":"${canary}"}`],
  ["a string for an enum", `{"kind":"${canary}"}`],
  ["a string for bytes", `{"data":"${canary}!"}`],
  ["a string for a time", `{"at":"${canary}"}`],
  ["a string for a count", `{"counts":{"${canary}":"${canary}"}}`],
  ["a string for a float", `{"ratio":"${canary}"}`],
  ["a lone surrogate", `{"text":"${canary}\\ud800"}`],
  ["broken JSON", `{"text":"${canary}`],
  ["no JSON at all", canary],
  ["a JSON string", `"${canary}"`],
  ["bytes that are not UTF-8", Buffer.from(`{"text":"${canary}\xff"}`, "latin1")],
  ["half a binary message", Buffer.from(`\x0a\x7f${canary}`, "latin1")],
  [
    "a binary string that is not UTF-8",
    Buffer.concat([Buffer.from([0x0a, 11]), Buffer.from(`${canary}\xff`, "latin1")]),
  ],
];

const rpcPath = "/test.echo.v1.EchoService/Echo";
const shows = (answer: { header: object; trailer: object; body: Buffer }) =>
  JSON.stringify([answer.header, answer.trailer]) + answer.body.toString("latin1");

describe.each(bodies)("no answer quotes %s", (_name, text) => {
  const body = Buffer.from(text);
  test.each<[string, Record<string, string>, Buffer]>([
    ["JSON", { ":path": "/api/echo/say" }, body],
    ["Connect JSON", { ":path": rpcPath, "content-type": "application/json" }, body],
    ["Connect proto", { ":path": rpcPath, "content-type": "application/proto" }, body],
    [
      "Connect gzip",
      { ":path": rpcPath, "content-type": "application/json", "content-encoding": "gzip" },
      gzipSync(body),
    ],
    ["Connect, not gzip", { ":path": rpcPath, "content-type": "application/json", "content-encoding": "gzip" }, body],
    ["gRPC", { ":path": rpcPath, "content-type": "application/grpc" }, envelope(body)],
    ["gRPC, no envelope", { ":path": rpcPath, "content-type": "application/grpc" }, body],
    ["gRPC JSON", { ":path": rpcPath, "content-type": "application/grpc+json" }, envelope(body)],
    ["gRPC-Web", { ":path": rpcPath, "content-type": "application/grpc-web" }, envelope(body)],
    ["gRPC-Web JSON", { ":path": rpcPath, "content-type": "application/grpc-web+json" }, envelope(body)],
    [
      "a gRPC stream",
      { ":path": "/test.echo.v1.EchoService/Count", "content-type": "application/grpc" },
      envelope(body),
    ],
    [
      "a JSON stream",
      { ":path": "/test.echo.v1.EchoService/Count", "content-type": "application/connect+json" },
      envelope(body),
    ],
    [
      "reflection",
      { ":path": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "content-type": "application/grpc+json" },
      envelope(body),
    ],
  ])("over %s", async (_framing, header, bytes) => {
    const answer = await askHttp2(echo.port, { ":method": "POST", te: "trailers", ...header }, bytes);
    expect(shows(answer)).not.toContain(canary);
  });
});

test.each([
  ["a path", `GET /api/echo/look/%ff${canary} HTTP/1.1\r\nhost: x\r\n`],
  ["a query", `GET /api/echo/said/x?small=${canary} HTTP/1.1\r\nhost: x\r\n`],
  ["a lost path", `GET /${canary} HTTP/1.1\r\nhost: x\r\n`],
  ["a method", `${canary} /api/echo/look HTTP/1.1\r\nhost: x\r\n`],
  ["a broken header", `GET /healthz HTTP/1.1\r\nhost: x\r\n${canary}\r\n`],
  ["a content type", `POST ${rpcPath} HTTP/1.1\r\nhost: x\r\ncontent-type: ${canary}\r\ncontent-length: 0\r\n`],
  [
    "a timeout",
    `POST ${rpcPath} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnect-timeout-ms: ${canary}\r\ncontent-length: 0\r\n`,
  ],
  [
    "an encoding",
    `POST ${rpcPath} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-encoding: ${canary}\r\ncontent-length: 0\r\n`,
  ],
  ["a GET", `GET /test.echo.v1.EchoService/Look?encoding=json&message=${canary} HTTP/1.1\r\nhost: x\r\n`],
])("no answer quotes %s", async (_name, head) => {
  const answer = await speak(echo.port, [`${head}connection: close\r\n\r\n`]);
  expect(answer).toMatch(/^HTTP\/1\.1 [45]/);
  expect(answer).not.toContain(canary);
});
