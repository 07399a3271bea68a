/** RFC 9113, as much as a client needs that sends one kind of call and reads little of the answers. */
export const frame = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4 } as const;

export const frameHeaderBytes = 9;

const largeWindow = 0x4000_0000;
const settingEnablePush = 2;
const settingInitialWindowSize = 4;

/** Preface and settings: no pushes, and windows so large that the server never waits. */
export function greeting(): Buffer {
  const settings = Buffer.alloc(12);
  settings.writeUInt16BE(settingEnablePush, 0);
  settings.writeUInt16BE(settingInitialWindowSize, 6);
  settings.writeUInt32BE(largeWindow, 8);
  return Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"),
    frameOf(frame.settings, 0, 0, settings),
    windowUpdate(largeWindow),
  ]);
}

/** More room on the connection. */
export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frameOf(frame.windowUpdate, 0, 0, payload);
}

export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

/** Field blocks (RFC 7541): the first names every field, and those that follow need a byte for each. */
export function fieldBlocks(fields: readonly (readonly [string, string])[]): { first: Buffer; later: Buffer } {
  const first = fields.flatMap(([name, value]) => [0x40, ...text(name), ...text(value)]);
  // The newest entry of the dynamic table has the index 62.
  const later = fields.map((_, index) => 0x80 | (62 + fields.length - 1 - index));
  return { first: Buffer.from(first), later: Buffer.from(later) };
}

/** Whether a field block begins with the status 200, which every encoder takes from the static table. */
export function saysOk(block: Uint8Array): boolean {
  let at = 0;
  // Updates of the table's size may stand before it.
  while (((block[at] ?? 0) & 0xe0) === 0x20) {
    at++;
  }
  return block[at] === 0x88;
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value, "latin1")];
  const length: number[] = [];
  let rest = bytes.length;
  if (rest < 127) {
    return [rest, ...bytes];
  }
  length.push(127);
  rest -= 127;
  for (; rest >= 128; rest >>= 7) {
    length.push((rest & 0x7f) | 0x80);
  }
  return [...length, rest, ...bytes];
}
