import { hash } from "node:crypto";

/** Stands for a field that is absent: no length can be so large. */
const absentLength = 0xffff_ffff;

/**
 * Writes fields so that no two lists of fields have the same bytes: each is its length in bytes as 4 bytes, big endian,
 * and then itself (`field(x)` of the contract, section 4). What is hashed or bound as associated data is written here.
 *
 * One writer is used again and again: `start()`, then fields, then `digest()`, `take()` or `view()`. It is synchronous
 * and not reentrant; it keeps what was written until the next start, so no plaintext and no key goes through it.
 */
export class FieldWriter {
  #buffer: Buffer;
  #end: number;
  readonly #prefixLength: number;

  /** @param prefix stands raw, without a length, before the fields: it says what kind of thing is hashed. */
  constructor(prefix = "") {
    const bytes = Buffer.from(prefix, "utf8");
    this.#prefixLength = bytes.length;
    this.#end = bytes.length;
    this.#buffer = Buffer.alloc(Math.max(1_024, bytes.length));
    this.#buffer.set(bytes);
  }

  /** Forgets the fields, keeps the prefix. */
  start(): this {
    this.#end = this.#prefixLength;
    return this;
  }

  /** One field of text, as UTF-8. The text must be well formed. */
  text(text: string): this {
    this.#reserve(4 + text.length * 3);
    const length = this.#buffer.write(text, this.#end + 4, "utf8");
    this.#buffer.writeUInt32BE(length, this.#end);
    this.#end += 4 + length;
    return this;
  }

  /** One field of bytes as they are. */
  bytes(bytes: Uint8Array): this {
    this.#reserve(4 + bytes.length);
    this.#buffer.writeUInt32BE(bytes.length, this.#end);
    this.#buffer.set(bytes, this.#end + 4);
    this.#end += 4 + bytes.length;
    return this;
  }

  /** One field that is absent, which is not the same as empty: 4 bytes 0xFF. */
  absent(): this {
    this.#reserve(4);
    this.#buffer.writeUInt32BE(absentLength, this.#end);
    this.#end += 4;
    return this;
  }

  /** One field of text, or one that is absent. */
  textOrAbsent(text: string | null): this {
    return text === null ? this.absent() : this.text(text);
  }

  /** SHA-256 of all that was written, 64 lower-case hex digits. */
  digest(): string {
    return hash("sha256", this.view(), "hex");
  }

  /** All that was written, as bytes of the caller's own. */
  take(): Uint8Array {
    return Uint8Array.from(this.view());
  }

  /** All that was written, without a copy: good until the next `start()` or field. */
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
