import net from "node:net";
import { errorCodes } from "../../../src/transport/http2/protocol.ts";
import { until } from "../../support/until.ts";
import { endHeaders, endStream, frame, frameTypes, headerBlock, opening } from "../frames.ts";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** A client of HTTP/2 that sends whatever it is told to. */
export interface RawPeer {
  readonly socket: net.Socket;
  /** What the server has sent. */
  readonly frames: readonly Frame[];
  send(...frames: readonly Buffer[]): void;
  /** The first frame that is so, once it is there. */
  find(isIt: (frame: Frame) => boolean): Promise<Frame>;
  /** Resolves with the name of the error of GOAWAY, undefined without one, when the server has closed. */
  closed(): Promise<string | undefined>;
  close(): void;
}

export async function openPeer(port: number, first: Buffer = opening): Promise<RawPeer> {
  const socket = net.connect(port, "127.0.0.1");
  const frames: Frame[] = [];
  let rest = Buffer.alloc(0);
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      const [type = 0, flags = 0] = rest.subarray(3, 5);
      frames.push({ type, flags, id: rest.readUInt32BE(5), payload: rest.subarray(9, end) });
      rest = rest.subarray(end);
    }
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
  });
  socket.write(first);
  await until(() => frames.length > 0 || isClosed);
  return {
    socket,
    frames,
    send: (...more) => {
      socket.write(Buffer.concat(more));
    },
    async find(isIt) {
      await until(() => frames.some(isIt) || isClosed);
      const found = frames.find(isIt);
      if (found === undefined) {
        throw new Error("the server has closed without such a frame");
      }
      return found;
    },
    async closed() {
      await until(() => isClosed);
      const goaway = frames.findLast(({ type }) => type === frameTypes.goaway);
      return goaway === undefined ? undefined : errorName(goaway.payload.readUInt32BE(4));
    },
    close: () => socket.destroy(),
  };
}

/** The error of the RST_STREAM of a stream, once it is there. */
export async function resetOf(peer: RawPeer, id: number): Promise<string | undefined> {
  const reset = await peer.find((one) => one.id === id && one.type === frameTypes.reset);
  return errorName(reset.payload.readUInt32BE(0));
}

export function errorName(code: number): string | undefined {
  return Object.entries(errorCodes).find(([, number]) => number === code)?.[0];
}

const usual = { ":method": "GET", ":scheme": "http", ":authority": "x", ":path": "/healthz" };

/** A HEADERS frame with the usual fields, and others. */
export function headers(
  id: number,
  more: Readonly<Record<string, string>> = {},
  flags = endHeaders | endStream,
): Buffer {
  return frame(frameTypes.headers, flags, id, headerBlock({ ...usual, ...more }));
}

/** A call that waits, so that its stream stays open; without its body. */
export function openCall(id: number): Buffer {
  const path = "/test.echo.v1.EchoService/Wait";
  return headers(id, { ":method": "POST", ":path": path, "content-type": "application/json" }, endHeaders);
}

export function word(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

export function settingsFrame(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [index, [name, value]] of pairs.entries()) {
    payload.writeUInt16BE(name, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(frameTypes.settings, 0, 0, payload);
}

/** So many times what a function makes of 0, 1, … */
export function many(times: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: times }, (_, index) => make(index)));
}
