const redacted = "[redacted]";

/**
 * The cleartext of a secret or of a secret setting. It always prints as `[redacted]`; only `text()` and `bytes` expose
 * it, so a search for these two finds every place that handles a cleartext.
 */
export class Plaintext {
  #bytes: Uint8Array | undefined;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Copies the text, which must be well formed. A string cannot be wiped, so the caller should drop its reference. */
  static fromString(text: string): Plaintext {
    return new Plaintext(Buffer.from(text, "utf8"));
  }

  /** Takes ownership of the bytes without a copy: `wipe()` overwrites them. Does not check that they are UTF-8. */
  static fromBytes(bytes: Uint8Array): Plaintext {
    return new Plaintext(bytes);
  }

  /** The bytes, not a copy. Throws once wiped. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      throw new Error("the plaintext was wiped");
    }
    return this.#bytes;
  }

  /** The value as a string. Throws once wiped. */
  text(): string {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
  }

  /** Overwrites the bytes. Idempotent. */
  wipe(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return redacted;
  }
}
