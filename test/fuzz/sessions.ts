// Fuzzes HTTP/2 connections in this very process, without a network: sessions that are well-formed, then changed at the
// level of frames, fields and bits, and bytes at random. `node test/fuzz/sessions.ts --seconds 30 [--seed N] [--case K]`
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { parseArgs } from "node:util";
import { HpackDecoder } from "../../src/transport/http2/hpack-decoder.ts";
import { SessionError } from "../../src/transport/http2/protocol.ts";
import { Http2Session } from "../../src/transport/http2/session.ts";
import type { Http2Stream } from "../../src/transport/http2/stream.ts";
import { defaultLimits } from "../../src/transport/limits.ts";
import { http2Bytes, http2Frames, http2Resets } from "./http2.ts";
import { createRandom, mutate, type Random } from "./random.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, seconds: { type: "string", default: "30" }, case: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const limits = { ...defaultLimits, maxConcurrentStreams: 20, streamResetBurst: 50 };
const target = { host: "", port: 0, ca: undefined, tokens: ["a.b.c"] };
const mostResidentMb = 600;

let frames = 0;
let streams = 0;
let cases = 0;

/** Plays a case; answers what is wrong. */
async function play(number: number): Promise<string | undefined> {
  const random = createRandom(seed, number);
  let bug: string | undefined;
  const written: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      // The memory is used again once it is written.
      written.push(Buffer.from(chunk));
      // A peer that takes nothing, one that takes its time, one that is fast.
      random.pick([() => undefined, () => setImmediate(done), () => done(), () => done(), () => done()])();
    },
  });
  socket.on("error", () => undefined);
  const session = new Http2Session(socket as unknown as Socket, limits, {
    onStream: (stream) => {
      streams += 1;
      serve(random, stream);
    },
    onReset: () => undefined,
    onIdle: () => undefined,
    onError: (error) => {
      bug = error instanceof SessionError ? bug : `a bug: ${error instanceof Error ? error.stack : String(error)}`;
    },
  });
  for (const piece of pieces(random)) {
    if (socket.destroyed) {
      break;
    }
    socket.emit("data", piece);
    if (session.openStreams > limits.maxConcurrentStreams) {
      bug = `${session.openStreams} streams are open`;
    }
    await new Promise(random.chance(0.2) ? setImmediate : process.nextTick);
  }
  if (random.chance(0.1)) {
    session.drain();
  }
  await new Promise(setImmediate);
  socket.destroy();
  await new Promise(setImmediate);
  bug ??= session.openStreams === 0 ? undefined : "streams are open after the end of the connection";
  return bug ?? mistakeIn(Buffer.concat(written));
}

function pieces(random: Random): readonly Buffer[] {
  const kind = random.int(10);
  const whole =
    kind === 0
      ? random.bytes(random.int(500))
      : kind === 1
        ? http2Resets(random, target).subarray(0, 20_000)
        : kind < 9
          ? http2Frames(random)
          : http2Bytes(random, target);
  const bytes = random.chance(0.5) ? mutate(random, whole) : random.chance(0.3) ? flip(random, whole) : whole;
  frames += countFrames(bytes);
  const most = random.pick([bytes.length, bytes.length, bytes.length, 1_000, 30]);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = parts.length > 30 ? bytes.length : 1 + random.int(Math.max(1, most));
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

/** Single bits, behind the preface. */
function flip(random: Random, bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  for (let count = 1 + random.int(5); count > 0 && flipped.length > 24; count--) {
    const at = 24 + random.int(flipped.length - 24);
    flipped[at] = (flipped[at] as number) ^ (1 << random.int(8));
  }
  return flipped;
}

function countFrames(bytes: Buffer): number {
  let count = 0;
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    count += 1;
  }
  return count;
}

/** Answers a request in one of the ways that the server has. */
function serve(random: Random, stream: Http2Stream): void {
  const answer = () => {
    if (stream.isClosed || stream.hasAnswered) {
      return;
    }
    const body = Buffer.alloc(random.pick([0, 5, 300, 20_000]), "x");
    const fields = [":status", "200", "content-type", "application/grpc+proto", "x", "y".repeat(random.int(300))];
    random.pick([
      () => stream.answer(fields, body, ["grpc-status", "0"]),
      () => stream.answer(fields, undefined, undefined),
      () => stream.reset(2),
      () => undefined,
      () => {
        stream.respond(fields);
        stream.write(body, () => stream.write(body, () => stream.end()));
      },
    ])();
  };
  const credits = random.chance(0.8);
  stream.read({
    data(chunk) {
      if (credits) {
        stream.credit(chunk.byteLength);
      }
    },
    end: () => (random.chance(0.5) ? answer() : void setImmediate(answer)),
    cut: () => undefined,
  });
  stream.onClose(() => undefined);
  if (random.chance(0.2)) {
    answer();
  }
}

/** What a client could not read of what the server has sent. */
function mistakeIn(bytes: Buffer): string | undefined {
  const decoder = new HpackDecoder(4_096);
  let block: Buffer[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const [type = 0, flags = 0] = bytes.subarray(at + 3, at + 5);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    if (length > 16_384 || type > 9 || (block.length > 0 && type !== 9)) {
      return `a frame of type ${type} with ${length} bytes`;
    }
    if (payload.length < length) {
      return undefined;
    }
    if (type === 1 || type === 9) {
      block.push(payload);
      if ((flags & 4) !== 0) {
        const whole = Buffer.concat(block);
        block = [];
        const { pairs } = decoder.decode(whole, 0, whole.length, { maxBytes: 100_000, maxFields: 100 });
        if (pairs.length === 0) {
          return "an empty header section";
        }
      }
    }
    at += 9 + length;
  }
  return undefined;
}

async function main(): Promise<void> {
  console.log(`fuzz of HTTP/2 sessions: seed ${seed}, ${values.seconds} s`);
  const only = values.case === undefined ? undefined : Number(values.case);
  const endAt = performance.now() + Number(values.seconds) * 1_000;
  let isOver = false;
  for (let number = only ?? 0; !isOver && performance.now() < endAt; number++) {
    const finding = await play(number).catch((error) => (error instanceof Error ? error.stack : String(error)));
    cases += 1;
    if (finding !== undefined) {
      console.error(`FOUND in case ${number}: ${finding}`);
      console.error(`again: node test/fuzz/sessions.ts --seed ${seed} --case ${number}`);
      process.exitCode = 1;
      isOver = true;
    }
    isOver ||= only !== undefined;
  }
  const residentMb = Math.round(process.memoryUsage().rss / 1_048_576);
  console.log(`${cases} sessions, ${frames} frames, ${streams} requests, ${residentMb} MB`);
  if (residentMb > mostResidentMb) {
    console.error(`FOUND ${residentMb} MB are held`);
    process.exitCode = 1;
  }
}

process.on("uncaughtException", (error) => {
  console.error(`FOUND an uncaught error in case ${cases} of seed ${seed}: ${error.stack}`);
  process.exit(1);
});
await main();
process.exit();
