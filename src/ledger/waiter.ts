import type { AbortListener, Cancellation } from "../base/index.ts";
import type { Settled } from "./batch.ts";
import type { FairQueue, Queued } from "./fair-queue.ts";
import type { Operation, Recorded } from "./operation.ts";
import { receiptText } from "./receipt.ts";

/** A submitted operation and its caller. */
interface Submission {
  readonly operation: Operation<unknown>;
  readonly signal: Cancellation | undefined;
  readonly principal: string | undefined;
}

/** An operation takes one more place in the queue for each full 16 KiB of input. */
const bytesPerPlace = 16_384;

/** An operation in the queue or in a batch, and the promise of its outcome. */
export class Waiter implements Submission, Queued<Waiter>, AbortListener {
  readonly operation: Operation<unknown>;
  readonly signal: Cancellation | undefined;
  readonly principal: string | undefined;
  readonly rows: number;
  readonly places: number;
  lane: Queued<Waiter>["lane"];
  before: Waiter | undefined;
  after: Waiter | undefined;
  readonly #queue: FairQueue<Waiter>;
  readonly #resolve: (recorded: Recorded<unknown>) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    queue: FairQueue<Waiter>,
    { operation, signal, principal }: Submission,
    resolve: (recorded: Recorded<unknown>) => void,
    reject: (reason: unknown) => void,
  ) {
    this.operation = operation;
    this.signal = signal;
    this.principal = principal;
    this.rows = operation.weight.rows;
    this.places = this.rows + Math.floor(operation.weight.bytes / bytesPerPlace);
    this.#queue = queue;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener("abort", this);
  }

  /** On abort, an operation that still waits leaves the queue; one in a batch continues. */
  handleEvent(): void {
    if (this.#queue.remove(this)) {
      this.reject(this.signal?.reason);
    }
  }

  answer(settled: Settled): void {
    if (settled.kind === "recorded") {
      this.signal?.removeEventListener("abort", this);
      this.#resolve({ value: settled.value, receipts: settled.receipts });
      return;
    }
    if (settled.kind === "refused") {
      const last = settled.receipts.at(-1);
      settled.error.receipt = last && receiptText(last);
    }
    this.reject(settled.error);
  }

  reject(reason: unknown): void {
    this.signal?.removeEventListener("abort", this);
    this.#reject(reason);
  }
}
