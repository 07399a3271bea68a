import { hash } from "node:crypto";

/** The longest pause between two attempts at one secret. */
const maxPauseMs = 3_600_000;
const slots = 65_536;

/**
 * When to try again what has failed: after a pause that doubles with each failure, up to an hour. Names share a fixed
 * number of slots, so that memory stays the same however many fail; one that shares its slot with another that fails
 * waits with it, an hour at most.
 */
export class Pauses {
  readonly #firstPauseMs: number;
  readonly #pauseMs = new Float64Array(slots);
  readonly #untilMs = new Float64Array(slots);

  constructor(firstPauseMs: number) {
    this.#firstPauseMs = firstPauseMs;
  }

  isOver(name: string, nowMs: number): boolean {
    const untilMs = this.#untilMs[slotOf(name)] ?? 0;
    // A pause that ends later than any can was begun by a clock that has been put back since.
    return untilMs <= nowMs || untilMs > nowMs + maxPauseMs;
  }

  failed(name: string, nowMs: number): void {
    const slot = slotOf(name);
    const pauseMs = Math.min(maxPauseMs, Math.max(this.#firstPauseMs, 2 * (this.#pauseMs[slot] ?? 0)));
    this.#pauseMs[slot] = pauseMs;
    this.#untilMs[slot] = nowMs + pauseMs;
  }

  succeeded(name: string): void {
    const slot = slotOf(name);
    this.#pauseMs[slot] = this.#untilMs[slot] = 0;
  }
}

function slotOf(name: string): number {
  return hash("sha256", name, "buffer").readUInt16BE(0);
}
