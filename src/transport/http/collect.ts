import type { BodyBudget, BodyOwner } from "./body-budget.ts";
import type { BodyResult } from "./exchange.ts";

export interface Collecting {
  readonly maxBytes: number;
  readonly owner: BodyOwner;
  readonly budget: BodyBudget;
}

/** Buffers a body, without a copy when it arrives in one chunk, and checks the limits meanwhile. */
export class Collector {
  readonly #to: Collecting;
  readonly #done: (result: BodyResult) => void;
  /** Called once, before `done`. */
  whenDone: (() => void) | undefined;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;
  #chargedBytes = 0;
  #isDone = false;
  #isLate = false;

  constructor(to: Collecting, done: (result: BodyResult) => void) {
    this.#to = to;
    this.#done = done;
  }

  add(chunk: Buffer): void {
    if (this.#isDone) {
      return;
    }
    if (this.#bytes + chunk.byteLength > this.#to.maxBytes) {
      this.#finish("too_large");
      return;
    }
    this.#bytes += chunk.byteLength;
    if (this.#first === undefined) {
      this.#first = chunk;
    } else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
    if (this.#isLate) {
      this.#charge();
    }
  }

  /** It was not complete at once, as most bodies are: from now on it needs budget. */
  late(): void {
    this.#isLate = true;
    this.#charge();
  }

  /** The body is complete. */
  end(): void {
    this.#finish(this.#more !== undefined ? Buffer.concat(this.#more) : (this.#first ?? empty));
  }

  cut(): void {
    this.#finish("cut_off");
  }

  #charge(): void {
    if (this.#isDone || this.#bytes === this.#chargedBytes) {
      return;
    }
    const { budget, owner } = this.#to;
    if (budget.take(owner, this.#chargedBytes, this.#bytes - this.#chargedBytes)) {
      this.#chargedBytes = this.#bytes;
    } else {
      this.#finish("crowded_out");
    }
  }

  #finish(result: BodyResult): void {
    if (this.#isDone) {
      return;
    }
    this.#isDone = true;
    this.#first = this.#more = undefined;
    if (this.#chargedBytes > 0) {
      this.#to.budget.give(this.#to.owner, this.#chargedBytes);
    }
    this.whenDone?.();
    this.#done(result);
  }
}

const empty = Buffer.alloc(0);
