/** Frame types (RFC 9113 §6). */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Error codes (RFC 9113 §7). */
export const errorCodes = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;
type ErrorName = keyof typeof errorCodes;

/** Settings (RFC 9113 §6.5.2). */
export const setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

export const clientPreface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
export const frameHeaderBytes = 9;
/** Of a window, before SETTINGS and WINDOW_UPDATE say otherwise. */
export const defaultWindowBytes = 65_535;
export const maxWindowBytes = 2 ** 31 - 1;
export const maxStreamId = 2 ** 31 - 1;
/** The largest payload that is accepted, and sent: SETTINGS_MAX_FRAME_SIZE stays at its default. */
export const maxPayloadBytes = 16_384;

/** The peer broke the protocol, and the connection with it (RFC 9113 §5.4.1). */
export class SessionError extends Error {
  readonly h2: ErrorName;
  /** As Node has codes for errors: `HTTP2_PROTOCOL_ERROR`, … */
  readonly code: string;

  constructor(h2: ErrorName, message: string) {
    super(message);
    this.h2 = h2;
    this.code = `HTTP2_${h2}`;
  }
}

/** @throws SessionError PROTOCOL_ERROR when there is more padding than payload (RFC 9113 §6.1) */
export function withoutPadding(flags: number, data: Buffer, from: number, to: number): { start: number; stop: number } {
  if ((flags & flag.padded) === 0) {
    return { start: from, stop: to };
  }
  const start = from + 1;
  const stop = to - (data[from] ?? 0);
  if (from === to || stop < start) {
    throw new SessionError("PROTOCOL_ERROR", "more padding than payload");
  }
  return { start, stop };
}
