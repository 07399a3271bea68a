import { hash } from "node:crypto";

/** Marks an absent field: no real length reaches this value. */
const absentLength = 0xffff_ffff;

/**
 * Encodes a list of fields injectively: each field is its length in bytes as a 4-byte big-endian integer, followed by
 * the bytes (`field(x)` of the contract, section 4). Everything hashed or bound as associated data is encoded here.
 *
 * A writer is reusable: `start()`, then fields, then `digest()`, `take()` or `view()`. It is synchronous and not
 * reentrant. Its buffer keeps the bytes until they are overwritten, so callers MUST NOT write a plaintext or a key.
 */
export class FieldWriter {
  #buffer: Buffer;
  #end: number;
  readonly #prefixLength: number;

  /** @param prefix the domain separator: written before the fields, without a length */
  constructor(prefix = "") {
    const bytes = Buffer.from(prefix, "utf8");
    this.#prefixLength = bytes.length;
    this.#end = bytes.length;
    this.#buffer = Buffer.alloc(Math.max(1_024, bytes.length));
    this.#buffer.set(bytes);
  }

  /** Discards the fields and keeps the prefix. */
  start(): this {
    this.#end = this.#prefixLength;
    return this;
  }

  /** Writes a text field as UTF-8. The text must be well formed. */
  text(text: string): this {
    this.#reserve(4 + text.length * 3);
    const length = this.#buffer.write(text, this.#end + 4, "utf8");
    this.#buffer.writeUInt32BE(length, this.#end);
    this.#end += 4 + length;
    return this;
  }

  /** Writes a field of bytes. */
  bytes(bytes: Uint8Array): this {
    this.#reserve(4 + bytes.length);
    this.#buffer.writeUInt32BE(bytes.length, this.#end);
    this.#buffer.set(bytes, this.#end + 4);
    this.#end += 4 + bytes.length;
    return this;
  }

  /** Writes an absent field, which differs from an empty one: 4 bytes 0xFF. */
  absent(): this {
    this.#reserve(4);
    this.#buffer.writeUInt32BE(absentLength, this.#end);
    this.#end += 4;
    return this;
  }

  /** Writes a text field, or an absent one for null. */
  textOrAbsent(text: string | null): this {
    return text === null ? this.absent() : this.text(text);
  }

  /** SHA-256 of everything written, as 64 lower-case hex digits. */
  digest(): string {
    return hash("sha256", this.view(), "hex");
  }

  /** A copy of everything written. */
  take(): Uint8Array {
    return Uint8Array.from(this.view());
  }

  /** Everything written, without a copy: valid until the next `start()` or field. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#end);
  }

  #reserve(length: number): void {
    const wanted = this.#end + length;
    if (wanted <= this.#buffer.length) {
      return;
    }
    const larger = Buffer.alloc(Math.max(wanted, this.#buffer.length * 2));
    larger.set(this.view());
    this.#buffer = larger;
  }
}
