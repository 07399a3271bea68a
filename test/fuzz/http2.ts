import { anyBody, anyHeaders } from "./bodies.ts";
import type { Random } from "./random.ts";
import { anyPath, type Target } from "./target.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  more: 9,
};

/** A connection of HTTP/2 with a few calls and frames that nobody asked for. */
export function http2Bytes(random: Random, target: Target): Buffer {
  const frames: Buffer[] = [preface, settings(random)];
  let stream = 1;
  for (let count = 1 + random.int(12); count > 0; count--) {
    if (random.chance(0.7)) {
      frames.push(...call(random, target, stream));
      stream += random.chance(0.9) ? 2 : random.int(5);
    } else {
      frames.push(oddFrame(random, stream));
    }
  }
  return Buffer.concat(frames);
}

/** Calls that are taken back as soon as they are made. */
export function http2Resets(random: Random, target: Target): Buffer {
  const frames: Buffer[] = [preface, settings(random)];
  const count = random.pick([20, 300, 2_000]);
  for (let stream = 1; stream < 2 * count; stream += 2) {
    frames.push(frame(type.headers, random.pick([4, 5]), stream, headerBlock(random, target, [])));
    frames.push(frame(type.reset, 0, stream, uint32(random.pick([0, 2, 7, 8]))));
  }
  return Buffer.concat(frames);
}

function call(random: Random, target: Target, stream: number): readonly Buffer[] {
  const body = random.chance(0.8) ? anyBody(random) : undefined;
  const block = headerBlock(random, target, body?.headers ?? []);
  const isEnd = body === undefined && random.chance(0.8);
  const frames = random.chance(0.1)
    ? [frame(type.headers, isEnd ? 1 : 0, stream, block.subarray(0, 9)), frame(type.more, 4, stream, block.subarray(9))]
    : [frame(type.headers, isEnd ? 5 : 4, stream, block)];
  const bytes = body?.bytes ?? Buffer.alloc(0);
  for (let at = 0; at < bytes.length; at += 16_384) {
    const isLast = at + 16_384 >= bytes.length && random.chance(0.85);
    frames.push(frame(type.data, isLast ? 1 : 0, stream, bytes.subarray(at, at + 16_384)));
  }
  if (random.chance(0.1)) {
    frames.push(frame(type.headers, 5, stream, pairs([["trailer", "x"]])));
  }
  if (random.chance(0.25)) {
    frames.push(frame(type.reset, 0, stream, uint32(random.pick([0, 1, 2, 5, 7, 8, 11, 99]))));
  }
  return frames;
}

function headerBlock(random: Random, target: Target, more: readonly (readonly [string, string])[]): Buffer {
  const pseudo: (readonly [string, string])[] = [
    [":method", random.pick(["POST", "POST", "POST", "GET", "DELETE", "HEAD", "CONNECT", "x"])],
    [":scheme", random.pick(["http", "http", "https", "ftp"])],
    [":authority", random.pick(["x", "x", "x", "x", "", "a b", "user@x"])],
    [":path", anyPath(random)],
  ];
  const odd = random.pick([
    ["host", "y"],
    ["connection", "close"],
    ["Upper", "x"],
    [":path", "/"],
    ["te", "x"],
  ] as const);
  const kept = pseudo.filter(() => random.chance(0.97));
  return pairs([...kept, ...anyHeaders(random, target.tokens), ...more, ...(random.chance(0.1) ? [odd] : [])]);
}

function settings(random: Random): Buffer {
  const values: Buffer[] = [];
  for (let count = random.int(4); count > 0; count--) {
    const value = Buffer.alloc(6);
    value.writeUInt16BE(random.pick([1, 2, 3, 4, 5, 6, 8, 99]), 0);
    value.writeUInt32BE(random.pick([0, 0, 1, 100, 65_535, 16_384, 0x7fffffff, 0xffffffff]), 2);
    values.push(value);
  }
  return frame(type.settings, 0, 0, Buffer.concat(values));
}

function oddFrame(random: Random, stream: number): Buffer {
  return random.pick([
    () => frame(type.ping, random.int(2), 0, random.bytes(8)),
    () => frame(type.window, 0, random.pick([0, stream, 1]), uint32(random.pick([0, 1, 65_535, 0x7fffffff]))),
    () => frame(type.priority, 0, stream, random.bytes(5)),
    () => frame(type.goaway, 0, 0, Buffer.concat([uint32(0), uint32(random.int(14)), random.bytes(9)])),
    () => frame(type.push, 4, stream, Buffer.concat([uint32(2), pairs([[":path", "/"]])])),
    () => frame(type.more, 4, stream, random.bytes(20)),
    () => frame(type.settings, 1, 0, Buffer.alloc(0)),
    () => frame(type.data, random.int(16), stream, random.bytes(random.int(100))),
    () => frame(type.reset, 0, random.int(20), uint32(random.int(14))),
    () => frame(random.int(256), random.int(256), random.int(20), random.bytes(random.int(64))),
    settingsOf(random),
  ])();
}

function settingsOf(random: Random): () => Buffer {
  return () => settings(random);
}

function frame(kind: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literals that are neither indexed nor compressed (RFC 7541 §6.2.2). */
function pairs(headers: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [Math.min(bytes.length, 127)];
  for (let rest = bytes.length - 127; rest >= 0; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) {
      break;
    }
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Frames that fit together, of every kind, on a few streams: the calls are short, the frames many. */
export function http2Frames(random: Random): Buffer {
  const frames: Buffer[] = [preface, settings(random)];
  let last = -1;
  const any = () => Math.max(1, last - 2 * random.int(4));
  for (let count = 20 + random.int(400); count > 0; count--) {
    const next = random.pick([
      () => {
        last += 2;
        return frame(type.headers, random.pick([4, 4, 5]), last, indexedBlock(random));
      },
      () => frame(type.data, random.pick([0, 0, 0, 1]), any(), Buffer.alloc(random.pick([1, 20, 100, 4_000]))),
      () => frame(type.data, 8, any(), Buffer.concat([Buffer.from([random.int(12)]), Buffer.alloc(30)])),
      () => frame(type.window, 0, random.pick([0, any()]), uint32(random.pick([1, 100, 65_535]))),
      () => frame(type.headers, 5, any(), pairs([["trailer", "x"]])),
      () => frame(type.reset, 0, any(), uint32(8)),
      () => frame(type.ping, 0, 0, random.bytes(8)),
      () => settings(random),
      () => oddFrame(random, any()),
    ]);
    frames.push(next());
  }
  return Buffer.concat(frames);
}

/** A block with fields of the tables, new entries and changes of the table's size. */
function indexedBlock(random: Random): Buffer {
  const size = random.chance(0.1) ? [Buffer.from([0x20 | random.int(31)])] : [];
  const entry = () =>
    Buffer.concat([
      Buffer.from([0x40]),
      literal(random.pick(["a", "b", "te"])),
      literal(random.pick(["", "x", "trailers"])),
    ]);
  const more = Array.from({ length: random.int(4) }, () =>
    random.pick([
      entry,
      () => Buffer.from([0x80 | (62 + random.int(3))]),
      () => Buffer.from([0x80 | (15 + random.int(40))]),
    ])(),
  );
  return Buffer.concat([...size, Buffer.from([0x83, 0x86, 0x84, 0x41]), literal("x"), ...more]);
}
