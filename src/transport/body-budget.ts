/**
 * What the bodies under way may hold together, in bytes. Each has its own limit, but a caller can begin many and end none.
 */
export class BodyBudget {
  #left: number;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** Whether so many more may be held. What was taken MUST be given back once the body is complete or given up. */
  take(bytes: number): boolean {
    if (bytes > this.#left) {
      return false;
    }
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}
