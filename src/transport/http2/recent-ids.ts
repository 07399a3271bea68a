const kept = 256;

/** The streams that were closed last, of a connection. */
export class RecentIds {
  /** Ids of streams are odd: an even number is one that the server has reset, less one. */
  readonly #ids = new Uint32Array(kept).fill(0xffff_ffff);
  #next = 0;

  add(id: number, wasReset: boolean): void {
    this.#ids[this.#next] = wasReset ? id - 1 : id;
    this.#next = (this.#next + 1) % kept;
  }

  has(id: number): boolean {
    return this.#ids.includes(id) || this.wasReset(id);
  }

  /** Whether the server has reset it: frames may be under way that the peer sent before it knew. */
  wasReset(id: number): boolean {
    return this.#ids.includes(id - 1);
  }
}
