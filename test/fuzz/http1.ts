import { anyBody, anyHeaders } from "./bodies.ts";
import { mutate, type Random } from "./random.ts";
import { anyPath, type Target } from "./target.ts";

const verbs = [
  "GET",
  "GET",
  "POST",
  "POST",
  "POST",
  "DELETE",
  "HEAD",
  "PUT",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "PRI",
  "g",
];
const versions = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/0.9",
  "HTTP/2.0",
  "",
  "x",
];

/** One to six requests of HTTP/1.1, one behind the other. */
export function http1Bytes(random: Random, target: Target): Buffer {
  const count = random.pick([1, 1, 1, 2, 2, 3, 6]);
  const one = () => requestBytes(random, target);
  // The same twice, since what one request leaves behind shows in the next.
  const repeated = one();
  return Buffer.concat(Array.from({ length: count }, () => (random.chance(0.5) ? repeated : one())));
}

/**
 * Up to twelve requests of HTTP/1.1, each for a piece of its own: plain ones, and now and then one that just is not. The
 * first that is not takes its connection to another reader.
 */
export function http1Requests(random: Random, target: Target): readonly Buffer[] {
  return Array.from({ length: 1 + random.int(12) }, () => {
    const bytes = plainRequest(random, target);
    return random.chance(0.15) ? mutate(random, bytes) : bytes;
  });
}

function plainRequest(random: Random, target: Target): Buffer {
  const body = random.chance(0.5) ? anyBody(random).bytes.subarray(0, random.pick([70_000, 1_000])) : undefined;
  const odd = random.chance(0.1) ? [random.pick(oddLines)] : [];
  const type = random.pick(["application/json", "application/json", "application/grpc-web", "application/proto"]);
  const lines = [
    `${random.pick(body === undefined ? ["GET", "DELETE"] : ["POST", "PUT", "PATCH"])} ${anyPath(random)} HTTP/1.1`,
    "host: x",
    `authorization: Bearer ${random.pick(target.tokens)}`,
    ...odd,
    ...(body === undefined ? [] : [`content-type: ${type}`, `content-length: ${body.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? Buffer.alloc(0)]);
}

function requestBytes(random: Random, target: Target): Buffer {
  const body = random.chance(0.6) ? anyBody(random) : undefined;
  const isChunked = random.chance(0.3);
  const lines = [
    `${random.pick(verbs)} ${anyPath(random)} ${random.pick(versions)}`,
    random.pick(["Host: x", "Host: x", "Host: x", "Host: x", "Host: x\r\nHost: y", "Host: a b", "Host:", "X: y"]),
    ...anyHeaders(random, target.tokens).map(([name, value]) => `${name}: ${value}`),
    ...(body?.headers ?? []).map(([name, value]) => `${name}: ${value}`),
    ...(random.chance(0.3) ? [random.pick(oddLines)] : []),
  ];
  if (body !== undefined && random.chance(0.95)) {
    const length = random.chance(0.1) ? random.pick([0, 1, body.bytes.length + 7, 9_999_999]) : body.bytes.length;
    lines.push(isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`);
  }
  const bytes = body === undefined ? Buffer.alloc(0) : isChunked ? chunked(random, body.bytes) : body.bytes;
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), bytes]);
}

const oddLines = [
  "Connection: close",
  "Connection: keep-alive",
  "Connection: Upgrade\r\nUpgrade: websocket",
  "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
  "Content-Length: 5",
  "Content-Length: -1",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: gzip, chunked",
  "A: b\r\n c",
  "A : b",
  ": b",
  "Trailer: x",
] as const;

function chunked(random: Random, bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + random.int(5_000));
    at += piece.length;
    const size = random.chance(0.03) ? "zz" : piece.length.toString(16);
    parts.push(Buffer.from(`${size}${random.chance(0.05) ? `;${"e".repeat(random.int(20_000))}` : ""}\r\n`), piece);
    parts.push(Buffer.from(random.chance(0.03) ? "" : "\r\n"));
  }
  const end = random.pick(["0\r\n\r\n", "0\r\n\r\n", "0\r\n\r\n", "0\r\nx: y\r\n\r\n", ""]);
  return Buffer.concat([...parts, Buffer.from(end)]);
}
