const firstCapacity = 1 << 18;

/** Counts answers and keeps their times, while it is told to. */
export class Recorder {
  #timesMs = new Float64Array(firstCapacity);
  #count = 0;
  #answered = 0;
  #failed = 0;
  #firstFailure: string | null = null;
  #measuring = false;

  /** Answers since it was made, measured or not. */
  get answeredCalls(): number {
    return this.#answered;
  }

  begin(): void {
    this.#count = 0;
    this.#measuring = true;
  }

  end(): void {
    this.#measuring = false;
  }

  answered(ms: number): void {
    this.#answered++;
    if (!this.#measuring) {
      return;
    }
    if (this.#count === this.#timesMs.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#timesMs);
      this.#timesMs = larger;
    }
    this.#timesMs[this.#count++] = ms;
  }

  failed(why: string): void {
    this.#failed++;
    this.#firstFailure ??= why;
  }

  result() {
    const sorted = this.#timesMs.subarray(0, this.#count).sort();
    const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
    return {
      calls: this.#count,
      failed: this.#failed,
      firstFailure: this.#firstFailure,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
  }
}
