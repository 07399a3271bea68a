import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fieldBlocks, flag, frame, frameHeaderBytes, frameOf, greeting, saysOk, windowUpdate } from "./http2-frames.ts";
import type { Load } from "./load.ts";
import type { Recorder } from "./recorder.ts";
import { createOrder, untilQuiet, type Wire } from "./wire.ts";

/** Streams that can be under way behind the oldest one; a power of two. */
const slots = 1 << 16;
const windowStep = 1 << 26;
const okBit = 0x8000_0000;

/** The frames of one kind of call, made once and copied for each call. */
interface Frames {
  readonly first: Buffer;
  readonly later: Buffer;
  /** One for each request; none when calls have no body. */
  readonly bodies: readonly Buffer[];
  readonly largest: number;
}

/** Opens a connection that is ready to send. Rejects when nobody listens. */
export async function openHttp2(load: Load, port: number, seed: number, recorder: Recorder): Promise<Wire> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  return new Http2Wire(socket, framesOf(load, port), load.leastAnswerBytes, seed, recorder);
}

function framesOf({ method, headers, requests }: Load, port: number): Frames {
  const paths = new Set(requests.map(({ path }) => path));
  const [path] = paths;
  if (path === undefined || paths.size > 1) {
    throw new Error("a load over HTTP/2 has one path");
  }
  const { first, later } = fieldBlocks([
    [":method", method],
    [":scheme", "http"],
    [":path", path],
    [":authority", `127.0.0.1:${port}`],
    ["user-agent", "zsc-bench"],
    ...Object.entries(headers),
  ]);
  const hasBody = requests.some(({ body }) => body !== "");
  const flags = hasBody ? flag.endHeaders : flag.endHeaders | flag.endStream;
  const bodies = hasBody
    ? requests.map(({ body }) => frameOf(frame.data, flag.endStream, 0, Buffer.from(body, "base64")))
    : [];
  const largestBody = bodies.reduce((largest, { length }) => Math.max(largest, length), 0);
  const largest = largestBody + frameHeaderBytes + first.length;
  return {
    first: frameOf(frame.headers, flags, 0, first),
    later: frameOf(frame.headers, flags, 0, later),
    bodies,
    largest,
  };
}

class Http2Wire implements Wire {
  readonly #socket: Socket;
  readonly #frames: Frames;
  readonly #leastBytes: number;
  readonly #recorder: Recorder;
  readonly #next: () => number;
  readonly #sentAt = new Float64Array(slots);
  /** Bytes of the answer so far, and whether its status was 200. */
  readonly #answers = new Uint32Array(slots);
  #rest: Buffer | undefined;
  #stream = 1;
  #underWay = 0;
  #received = 0;
  #stopping = false;

  constructor(socket: Socket, frames: Frames, leastBytes: number, seed: number, recorder: Recorder) {
    this.#socket = socket;
    this.#frames = frames;
    this.#leastBytes = leastBytes;
    this.#recorder = recorder;
    this.#next = createOrder(Math.max(1, frames.bodies.length), seed);
    socket.write(greeting());
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => this.#lose("the connection was closed"));
  }

  start(calls: number): void {
    this.#send(calls);
  }

  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    const quiet = await untilQuiet(() => this.#underWay === 0, withinMs);
    if (!quiet) {
      this.#lose("no answer in time");
    }
    this.#socket.destroy();
  }

  #send(calls: number): void {
    const { first, later, bodies, largest } = this.#frames;
    const out = Buffer.allocUnsafe(calls * largest);
    const now = performance.now();
    let end = 0;
    for (let call = 0; call < calls; call++) {
      const stream = this.#stream;
      const head = stream === 1 ? first : later;
      out.set(head, end);
      out.writeUInt32BE(stream, end + 5);
      end += head.length;
      const body = bodies[this.#next()];
      if (body !== undefined) {
        out.set(body, end);
        out.writeUInt32BE(stream, end + 5);
        end += body.length;
      }
      const slot = (stream >>> 1) % slots;
      this.#sentAt[slot] = now;
      this.#answers[slot] = 0;
      this.#stream += 2;
    }
    this.#underWay += calls;
    this.#socket.write(out.subarray(0, end));
  }

  #take(chunk: Buffer): void {
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const now = performance.now();
    let at = 0;
    let finished = 0;
    while (data.length - at >= frameHeaderBytes) {
      const length = data.readUIntBE(at, 3);
      const end = at + frameHeaderBytes + length;
      if (end > data.length) {
        break;
      }
      if (this.#meet(data, at, length)) {
        finished += this.#finish(data.readUInt32BE(at + 5), now);
      }
      at = end;
    }
    this.#rest = at === data.length ? undefined : data.subarray(at);
    this.#widen(data.length);
    if (finished > 0 && !this.#stopping) {
      this.#send(finished);
    }
  }

  /** Notes what a frame says; true when it ends its stream. */
  #meet(data: Buffer, at: number, length: number): boolean {
    const type = data[at + 3];
    const flags = data[at + 4] ?? 0;
    const payload = at + frameHeaderBytes;
    const slot = (data.readUInt32BE(at + 5) >>> 1) % slots;
    const answer = this.#answers[slot] ?? 0;
    switch (type) {
      case frame.data:
        this.#answers[slot] = answer + length;
        return (flags & flag.endStream) !== 0;
      case frame.headers:
        if (answer === 0 && saysOk(data.subarray(payload, payload + length))) {
          this.#answers[slot] = okBit;
        }
        return (flags & flag.endStream) !== 0;
      case frame.reset:
        this.#answers[slot] = 0;
        return true;
      case frame.settings:
        if ((flags & flag.ack) === 0) {
          this.#socket.write(frameOf(frame.settings, flag.ack, 0, Buffer.alloc(0)));
        }
        return false;
      case frame.ping: {
        const echoed = data.subarray(payload, payload + length);
        if ((flags & flag.ack) === 0) {
          this.#socket.write(frameOf(frame.ping, flag.ack, 0, echoed));
        }
        return false;
      }
      case frame.goAway:
        this.#recorder.failed(`GOAWAY ${data.readUInt32BE(payload + 4)}`);
        return false;
      default:
        return false;
    }
  }

  #finish(stream: number, now: number): 1 {
    const slot = (stream >>> 1) % slots;
    const answer = this.#answers[slot] ?? 0;
    this.#underWay--;
    const isOk = answer >= okBit && answer - okBit >= this.#leastBytes;
    if (isOk) {
      this.#recorder.answered(now - (this.#sentAt[slot] ?? now));
    } else {
      this.#recorder.failed(answer >= okBit ? `an answer of ${answer - okBit} bytes` : "a status that is not 200");
    }
    return 1;
  }

  /** Gives the server back the room that its answers took. */
  #widen(bytes: number): void {
    this.#received += bytes;
    if (this.#received < windowStep) {
      return;
    }
    this.#socket.write(windowUpdate(this.#received));
    this.#received = 0;
  }

  #lose(why: string): void {
    for (; this.#underWay > 0; this.#underWay--) {
      this.#recorder.failed(why);
    }
  }
}
