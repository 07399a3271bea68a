import type { Limits } from "../limits.ts";
import { maxWindowBytes, SessionError, setting } from "./protocol.ts";

/** What one SETTINGS frame of a client says, of what matters to a server that pushes nothing; undefined: nothing. */
export interface Settings {
  readonly initialWindowBytes: number | undefined;
  /** The smallest that it names: the encoder has to come down to that (RFC 7541 §4.2). */
  readonly headerTableBytes: number | undefined;
}

/** @throws SessionError for values that are not allowed (RFC 9113 §6.5.2) */
export function readSettings(data: Buffer, from: number, to: number): Settings {
  let initialWindowBytes: number | undefined;
  let headerTableBytes: number | undefined;
  for (let at = from; at < to; at += 6) {
    const name = data.readUInt16BE(at);
    const value = data.readUInt32BE(at + 2);
    if (name === setting.INITIAL_WINDOW_SIZE) {
      if (value > maxWindowBytes) {
        throw new SessionError("FLOW_CONTROL_ERROR", "a window over 2^31-1 bytes");
      }
      initialWindowBytes = value;
    } else if (name === setting.HEADER_TABLE_SIZE) {
      headerTableBytes = Math.min(headerTableBytes ?? value, value);
    } else if (name === setting.ENABLE_PUSH ? value > 1 : name === setting.MAX_FRAME_SIZE && !isFrameSize(value)) {
      throw new SessionError("PROTOCOL_ERROR", "SETTINGS with a value that is not allowed");
    }
  }
  return { initialWindowBytes, headerTableBytes };
}

function isFrameSize(value: number): boolean {
  return value >= 16_384 && value <= 16_777_215;
}

/** The payload of the server's own SETTINGS. */
export function settingsOf({ maxConcurrentStreams, streamWindowBytes, maxHeaderBytes }: Limits): Buffer {
  const settings: readonly (readonly [number, number])[] = [
    [setting.MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
    [setting.INITIAL_WINDOW_SIZE, streamWindowBytes],
    [setting.MAX_HEADER_LIST_SIZE, maxHeaderBytes],
  ];
  const payload = Buffer.alloc(6 * settings.length);
  for (const [index, [name, value]] of settings.entries()) {
    payload.writeUInt16BE(name, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return payload;
}
