import { gzipSync } from "node:zlib";
import type { Random } from "./random.ts";
import { anyMessage, contentTypes } from "./target.ts";

/** A body, and the headers that speak of it. */
export interface Body {
  readonly bytes: Buffer;
  readonly headers: readonly (readonly [string, string])[];
}

/** A body of any of the protocols; now and then of none. */
export function anyBody(random: Random): Body {
  const contentType = random.pick(contentTypes);
  const message = anyMessage(random, contentType.includes("json"));
  const isGzip = random.chance(0.15);
  const packed = isGzip ? gzipSync(random.chance(0.2) ? Buffer.alloc(2_000_000, "a") : message) : message;
  const headers: (readonly [string, string])[] = contentType === "" ? [] : [["content-type", contentType]];
  const isEnveloped = /grpc|connect\+/.test(contentType);
  if (isGzip || random.chance(0.05)) {
    const encoding = random.pick(["gzip", "gzip", "gzip", "br", "deflate", "gzip, gzip", "identity"]);
    headers.push([isEnveloped ? "grpc-encoding" : "content-encoding", encoding]);
    headers.push(["connect-content-encoding", encoding]);
  }
  if (contentType.startsWith("application/connect")) {
    headers.push(["connect-protocol-version", random.pick(["1", "1", "2"])]);
  }
  const bytes = isEnveloped ? envelopes(random, packed, isGzip) : packed;
  return { bytes, headers };
}

function envelopes(random: Random, message: Buffer, isGzip: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let count = random.pick([1, 1, 1, 1, 0, 2, 5]); count > 0; count--) {
    const prefix = Buffer.alloc(5);
    prefix[0] = random.chance(0.1) ? random.int(256) : isGzip ? 1 : 0;
    const wrong = random.pick([0, 1, message.length + 1, 0xffffffff, 2_000_000]);
    prefix.writeUInt32BE(random.chance(0.15) ? wrong : message.length, 1);
    parts.push(prefix, message);
  }
  return Buffer.concat(parts);
}

/** Headers that any request may carry. */
export function anyHeaders(random: Random, tokens: readonly string[]): readonly (readonly [string, string])[] {
  const headers: (readonly [string, string])[] = [];
  const token = random.pick(tokens);
  const credentials = random.pick([`Bearer ${token}`, `Bearer ${token}`, "Bearer x", "Basic x", "Bearer", ""]);
  if (random.chance(0.7)) {
    headers.push(["authorization", credentials]);
  }
  const extras: readonly (readonly [string, string])[] = [
    ["cookie", `zeq_admin=${token}`],
    ["cookie", "a=b; ".repeat(200)],
    ["grpc-timeout", random.pick(["1n", "0S", "99999999H", "1x", "5m"])],
    ["connect-timeout-ms", random.pick(["0", "1", "99999999999", "-1"])],
    ["expect", random.pick(["100-continue", "100-continue", "a-miracle"])],
    ["x-request-id", random.pick(["a", "\t", "x".repeat(2_000)])],
    ["te", "trailers"],
    ["accept-encoding", "br, gzip"],
    ["if-match", '"1"'],
    ["x", "y".repeat(random.int(20_000))],
  ];
  for (let count = random.int(4); count > 0; count--) {
    headers.push(random.pick(extras));
  }
  return random.chance(0.02) ? Array.from({ length: 200 }, (_, index) => [`x-${index}`, "y"] as const) : headers;
}
