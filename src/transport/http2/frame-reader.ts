import { clientPreface, frameHeaderBytes, maxPayloadBytes, SessionError } from "./protocol.ts";

/**
 * Receives each complete frame: its payload is `data` from `from` to `to`, and MUST be copied to outlive the call.
 * Returns false to stop reading for good.
 */
type TakeFrame = (type: number, flags: number, id: number, data: Buffer, from: number, to: number) => boolean;

/** Finds the frames in what a client sends, after its preface (RFC 9113 §3.4, §4.1). Holds one unfinished frame at most. */
export class FrameReader {
  #rest: Buffer | undefined;
  #hasPreface = false;

  /** @throws SessionError PROTOCOL_ERROR without the preface, FRAME_SIZE_ERROR for a frame over 16,384 bytes */
  read(chunk: Buffer, take: TakeFrame): void {
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    if (!this.#hasPreface) {
      const known = Math.min(data.length, clientPreface.length);
      if (clientPreface.compare(data, 0, known, 0, known) !== 0) {
        throw new SessionError("PROTOCOL_ERROR", "not the preface of HTTP/2");
      }
      if (data.length < clientPreface.length) {
        this.#rest = data;
        return;
      }
      this.#hasPreface = true;
      at = clientPreface.length;
    }
    while (data.length - at >= frameHeaderBytes) {
      const length = ((data[at] as number) << 16) | ((data[at + 1] as number) << 8) | (data[at + 2] as number);
      if (length > maxPayloadBytes) {
        throw new SessionError("FRAME_SIZE_ERROR", "a frame over 16,384 bytes");
      }
      const from = at + frameHeaderBytes;
      const to = from + length;
      if (to > data.length) {
        break;
      }
      const id = data.readUInt32BE(at + 5) & 0x7fff_ffff;
      if (!take(data[at + 3] as number, data[at + 4] as number, id, data, from, to)) {
        return;
      }
      at = to;
    }
    this.#rest = at === data.length ? undefined : at === 0 ? data : data.subarray(at);
  }
}
