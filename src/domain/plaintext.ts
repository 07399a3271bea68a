const redacted = "[redacted]";

/**
 * The value of a secret, or of a secret setting, in the clear. It prints as `[redacted]` however it is printed; only
 * `text()` and `bytes` give it away, so a search for these finds every place that handles one.
 */
export class Plaintext {
  #bytes: Uint8Array | undefined;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Copies the text, which must be well formed. A string cannot be wiped: let go of it. */
  static fromString(text: string): Plaintext {
    return new Plaintext(Buffer.from(text, "utf8"));
  }

  /** Takes the bytes over without a copy: they are wiped with it. That they are UTF-8 is not checked here. */
  static fromBytes(bytes: Uint8Array): Plaintext {
    return new Plaintext(bytes);
  }

  /** The bytes themselves, not a copy. Throws once wiped. */
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

  /** Overwrites the bytes. May be called again. */
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
