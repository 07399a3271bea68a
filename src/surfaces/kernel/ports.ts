import { type ContextValues, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Cancellation, Principal } from "../../base/index.ts";
import { type Operation, type Receipt, type Recorded, receiptText, type Sequencer } from "../../ledger/index.ts";
import type { RestOfList } from "../../transport/index.ts";
import { principalOf } from "./admission.ts";
import { receiptHeader } from "./errors.ts";

/** What the handlers of every surface depend on. */
export interface KernelPorts {
  readonly sequencer: Sequencer;
  /** Whether the call was cancelled. */
  cancellationOf(context: HandlerContext): Cancellation;
  /** Size limit of a response, in every encoding. */
  readonly maxAnswerBytes: number;
  /** Whether the list at the end of this call's response can be streamed. */
  canStreamList(context: HandlerContext): boolean;
  /** Streams `rest` as that list, and closes it in any case. The list in the response message MUST be empty. */
  streamList(context: HandlerContext, rest: RestOfList): void;
}

/** Submits an operation for the caller's principal; a cancelled call leaves the queue. */
export function submitFor<T>(
  { sequencer, cancellationOf }: KernelPorts,
  operation: Operation<T>,
  context: HandlerContext,
): Promise<Recorded<T>> {
  return sequencer.submit(operation, cancellationOf(context), turnOf(principalOf(context.values)));
}

/** Queue keys by principal: reusing a string saves hashing it again. */
const turns = new WeakMap<Principal, string>();

/** The queue key of a principal: the same ZID has separate turns as admin and as caller. */
function turnOf(principal: Principal): string {
  let turn = turns.get(principal);
  if (turn === undefined) {
    turn = `${principal.role} ${principal.zid}`;
    turns.set(principal, turn);
  }
  return turn;
}

/** Submits an operation and puts its last receipt into the response headers. */
export async function submitAndSign<T>(
  ports: KernelPorts,
  operation: Operation<T>,
  context: HandlerContext,
): Promise<T> {
  const { value, receipts } = await submitFor(ports, operation, context);
  sign(context, lastOf(receipts));
  return value;
}

/** Submits an operation that only records; resolves with its row, which the following read must not be older than. */
export async function recordAndSign(
  ports: KernelPorts,
  operation: Operation<unknown>,
  context: HandlerContext,
): Promise<Receipt> {
  const { receipts } = await submitFor(ports, operation, context);
  const receipt = lastOf(receipts);
  sign(context, receipt);
  return receipt;
}

export function sign(context: HandlerContext, receipt: Receipt): void {
  signWith(context, receiptText(receipt));
}

/** Puts a receipt into the response headers, and into the context for the log. */
function signWith({ responseHeader, values }: HandlerContext, receipt: string): void {
  responseHeader.set(receiptHeader, receipt);
  values.set(receiptKey, receipt);
}

const receiptKey = createContextKey<string | undefined>(undefined, { description: "the receipt of an answered call" });

/** The receipt of a call that succeeded. */
export function receiptOf(values: ContextValues): string | undefined {
  return values.get(receiptKey);
}

export function lastOf(receipts: readonly Receipt[]): Receipt {
  const last = receipts.at(-1);
  if (last === undefined) {
    throw new Error("an operation that left no row");
  }
  return last;
}
