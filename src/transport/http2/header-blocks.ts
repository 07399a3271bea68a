import type { Limits } from "../limits.ts";
import { CompressionError, type FieldList, HpackDecoder } from "./hpack-decoder.ts";
import { flag, maxStreamId, SessionError, withoutPadding } from "./protocol.ts";
import { parseHead, type RequestHead } from "./request-head.ts";

/** SETTINGS_HEADER_TABLE_SIZE, at its default. */
const maxTableBytes = 4_096;
/** Compressed; a block goes over several frames. */
const maxBlockBytes = 65_536;
const maxBlockFrames = 16;

/** One header block, decoded. */
interface Block {
  readonly id: number;
  readonly isLast: boolean;
  readonly fields: FieldList;
}

/**
 * Puts header blocks together and decodes them (RFC 9113 §4.3). Clients that use the dynamic table send the same block
 * for all calls of a kind: a block that equals the last one costs one comparison.
 */
export class HeaderBlocks {
  readonly #decoder = new HpackDecoder(maxTableBytes);
  readonly #bounds: { readonly maxBytes: number; readonly maxFields: number };
  /** What has arrived of a block whose end has not. */
  #pieces: Buffer[] | undefined;
  #pieceBytes = 0;
  #id = 0;
  #isLast = false;
  #lastBlock: Buffer | undefined;
  #lastGeneration = -1;
  #lastFields: FieldList | undefined;
  #lastHead: RequestHead | undefined;

  constructor({ maxHeaderBytes, maxHeaders }: Limits) {
    this.#bounds = { maxBytes: maxHeaderBytes, maxFields: maxHeaders };
  }

  /** The stream whose block is not complete; 0 when none is. */
  get openId(): number {
    return this.#pieces === undefined ? 0 : this.#id;
  }

  /**
   * A HEADERS frame. Undefined until its block is complete.
   *
   * @throws SessionError
   */
  begin(flags: number, id: number, data: Buffer, from: number, to: number): Block | undefined {
    if ((id & 1) === 0) {
      throw new SessionError("PROTOCOL_ERROR", "HEADERS where none belong");
    }
    const { start, stop } = withoutPadding(flags, data, from, to);
    const blockStart = (flags & flag.priority) === 0 ? start : afterPriority(id, data, start, stop);
    this.#id = id;
    this.#isLast = (flags & flag.endStream) !== 0;
    if ((flags & flag.endHeaders) !== 0) {
      return this.#decode(data, blockStart, stop);
    }
    this.#pieces = [Buffer.from(data.subarray(blockStart, stop))];
    this.#pieceBytes = stop - blockStart;
    return undefined;
  }

  /** A CONTINUATION frame, in the same way. */
  goOn(flags: number, data: Buffer, from: number, to: number): Block | undefined {
    const pieces = this.#pieces;
    if (pieces === undefined) {
      throw new SessionError("PROTOCOL_ERROR", "CONTINUATION where none belongs");
    }
    this.#pieceBytes += to - from;
    if (this.#pieceBytes > maxBlockBytes || pieces.length >= maxBlockFrames) {
      throw new SessionError("ENHANCE_YOUR_CALM", "a header block is too long");
    }
    pieces.push(Buffer.from(data.subarray(from, to)));
    if ((flags & flag.endHeaders) === 0) {
      return undefined;
    }
    this.#pieces = undefined;
    return this.#decode(Buffer.concat(pieces), 0, this.#pieceBytes);
  }

  /** The header section that fields of this connection make; undefined when it is malformed. */
  headFrom(fields: FieldList): RequestHead | undefined {
    if (fields !== this.#lastFields) {
      return parseHead(fields);
    }
    this.#lastHead ??= parseHead(fields);
    return this.#lastHead;
  }

  #decode(data: Buffer, from: number, to: number): Block {
    const last = this.#lastBlock;
    const isSame =
      last !== undefined &&
      last.length === to - from &&
      this.#lastGeneration === this.#decoder.generation &&
      last.compare(data, from, to) === 0;
    const fields = isSame && this.#lastFields !== undefined ? this.#lastFields : this.#decodeNew(data, from, to);
    return { id: this.#id, isLast: this.#isLast, fields };
  }

  #decodeNew(data: Buffer, from: number, to: number): FieldList {
    const before = this.#decoder.generation;
    const fields = decodeWith(this.#decoder, data, from, to, this.#bounds);
    // One that changes the table means something else the next time.
    if (before === this.#decoder.generation) {
      this.#lastBlock = Buffer.from(data.subarray(from, to));
      this.#lastGeneration = before;
      this.#lastFields = fields;
      this.#lastHead = undefined;
    }
    return fields;
  }
}

function decodeWith(
  decoder: HpackDecoder,
  data: Buffer,
  from: number,
  to: number,
  bounds: { readonly maxBytes: number; readonly maxFields: number },
): FieldList {
  try {
    return decoder.decode(data, from, to, bounds);
  } catch (error) {
    throw error instanceof CompressionError ? new SessionError("COMPRESSION_ERROR", error.message) : error;
  }
}

/** Skips the priority of a stream, which is deprecated, but must not name the stream itself (RFC 7540 §5.3.1). */
function afterPriority(id: number, data: Buffer, start: number, stop: number): number {
  if (stop - start < 5) {
    throw new SessionError("FRAME_SIZE_ERROR", "HEADERS of a wrong size");
  }
  if ((data.readUInt32BE(start) & maxStreamId) === id) {
    throw new SessionError("PROTOCOL_ERROR", "a stream that depends on itself");
  }
  return start + 5;
}
