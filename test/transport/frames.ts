import net from "node:net";

/** How an HTTP/2 connection begins, with settings of its own; it acknowledges nothing of the server's. */
export const opening = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(4, 0, 0, Buffer.alloc(0)),
]);

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const endStream = 1;
export const endHeaders = 4;
export const padded = 8;

/** One frame of HTTP/2 (RFC 9113 §4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const prefix = Buffer.alloc(9);
  prefix.writeUIntBE(payload.length, 0, 3);
  prefix[3] = type;
  prefix[4] = flags;
  prefix.writeUInt32BE(stream, 5);
  return Buffer.concat([prefix, payload]);
}

/** A header block of literals without indexing (RFC 7541 §6.2.2). */
export function headerBlock(header: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([hpackInteger(value.length, 7, 0), Buffer.from(value, "latin1")]);
  return Buffer.concat(Object.entries(header).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** A literal that enters the dynamic table as its newest entry, number 62 (RFC 7541 §6.2.1). */
export function remembered(name: string, value: string): Buffer {
  const block = headerBlock({ [name]: value });
  block[0] = 0x40;
  return block;
}

/** The newest entry of the dynamic table, so many times: a byte each. */
export function repeated(times: number): Buffer {
  return Buffer.alloc(times, 0x80 | 62);
}

function hpackInteger(value: number, prefixBits: number, flags: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) {
    return Buffer.from([flags | value]);
  }
  const bytes = [flags | most];
  let rest = value - most;
  for (; rest >= 128; rest >>= 7) {
    bytes.push((rest & 127) | 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** Sends frames and gives what came back on `stream`, once that ends: the bytes of all its frames. */
export function speakFrames(port: number, frames: readonly Buffer[], stream: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(Buffer.concat(frames)));
    let received = Buffer.alloc(0);
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (hasEnded(received, stream)) {
        socket.destroy();
      }
    });
  });
}

function hasEnded(received: Buffer, stream: number): boolean {
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    const type = received[at + 3];
    const isOver =
      type === frameTypes.reset || (type !== frameTypes.settings && ((received[at + 4] ?? 0) & endStream) === 1);
    if (type === frameTypes.goaway || (isOver && received.readUInt32BE(at + 5) === stream)) {
      return true;
    }
  }
  return false;
}
