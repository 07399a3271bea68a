/** What a peer may still send, of one stream or of the connection (RFC 9113 §5.2). */
export class ReceiveWindow {
  readonly #size: number;
  #left: number;
  #unannounced = 0;

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Takes what has arrived; false when it is more than the window. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /**
   * Opens it again by bytes that are held no longer. Returns the increment to announce, 0 while less than half of the
   * window is closed.
   */
  give(bytes: number): number {
    this.#unannounced += bytes;
    if (this.#unannounced < this.#size / 2) {
      return 0;
    }
    const increment = this.#unannounced;
    this.#left += increment;
    this.#unannounced = 0;
    return increment;
  }
}
