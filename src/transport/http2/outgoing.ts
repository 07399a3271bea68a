/** What a stream has to send, in this order: fields, body, trailers. */
export class Outgoing {
  /** Of the answer, or of an informational one, until they are sent. */
  fields: readonly string[] | undefined;
  trailer: readonly string[] | undefined;
  /** Whether nothing will be added any more. */
  isEnding = false;
  /** Called when the socket has taken everything so far. */
  onDrained: (() => void) | undefined;
  #pieces: Uint8Array[] = [];
  /** Into the first piece. */
  #offset = 0;
  #queuedBytes = 0;
  #sentBytes = 0;

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Of the body. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get isEmpty(): boolean {
    return this.#queuedBytes === 0 && this.fields === undefined;
  }

  /** `bytes` MUST NOT change any more. */
  push(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) {
      this.#pieces.push(bytes);
      this.#queuedBytes += bytes.byteLength;
    }
  }

  /** Takes up to `most` queued bytes. */
  take(most: number): Uint8Array {
    const first = this.#pieces[0] as Uint8Array;
    const left = first.byteLength - this.#offset;
    const piece = left <= most && this.#offset === 0 ? first : first.subarray(this.#offset, this.#offset + most);
    if (left <= most) {
      this.#pieces.shift();
      this.#offset = 0;
    } else {
      this.#offset += most;
    }
    this.#queuedBytes -= piece.byteLength;
    this.#sentBytes += piece.byteLength;
    return piece;
  }

  drained(): void {
    const tell = this.onDrained;
    this.onDrained = undefined;
    tell?.();
  }

  clear(): void {
    this.#pieces = [];
    this.#queuedBytes = 0;
    this.fields = this.trailer = undefined;
    this.onDrained = undefined;
  }
}
