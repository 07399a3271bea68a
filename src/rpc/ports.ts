import type { Message } from "@bufbuild/protobuf";
import { type ContextValues, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Principal } from "../domain/principal.ts";
import type { MetadataReader } from "../ledger/metadata-reader.ts";
import { type Operation, type Receipt, type Recorded, receiptText } from "../ledger/operation.ts";
import type { Cancellation, Sequencer } from "../ledger/sequencer.ts";
import type { Sealer } from "../sealing/envelope.ts";
import { principalOf } from "./admission.ts";
import { receiptHeader } from "./errors.ts";

/** What the handlers work with. */
export interface RpcPorts {
  readonly sequencer: Sequencer;
  readonly sealer: Sealer;
  readonly metadata: MetadataReader;
  /** Whether the caller still waits. */
  cancellationOf(context: HandlerContext): Cancellation;
  /** What an answer may have, however it is encoded. */
  readonly maxAnswerBytes: number;
  /** Whether the list that ends the answer of this call may go on when the answer has begun. */
  canStreamList(context: HandlerContext): boolean;
  /** Lets it go on with `rest`, which is closed in any case. The list in the answer itself MUST be empty. */
  streamList(context: HandlerContext, rest: RestOfList): void;
}

/** Entries of a list that are written one page after the other, as fast as the caller takes them. */
export interface RestOfList {
  /** No entries: it was the end. What it throws ends the connection, so that nobody takes a part for the whole. */
  next(): Promise<readonly Message[]>;
  close(): Promise<void>;
}

/** Submits an operation in the caller's turn; it leaves the queue with its caller. */
export function submitFor<T>(
  { sequencer, cancellationOf }: RpcPorts,
  operation: Operation<T>,
  context: HandlerContext,
): Promise<Recorded<T>> {
  return sequencer.submit(operation, cancellationOf(context), turnOf(principalOf(context.values)));
}

/** Of each principal that is remembered with its token: a text that is made anew has to be hashed anew. */
const turns = new WeakMap<Principal, string>();

/** Whose turn it is: a ZID as an admin is another than the same as a caller. */
function turnOf(principal: Principal): string {
  let turn = turns.get(principal);
  if (turn === undefined) {
    turn = `${principal.role} ${principal.zid}`;
    turns.set(principal, turn);
  }
  return turn;
}

/** Submits an operation and puts its last receipt into the answer's headers. */
export async function submitAndSign<T>(ports: RpcPorts, operation: Operation<T>, context: HandlerContext): Promise<T> {
  const { value, receipts } = await submitFor(ports, operation, context);
  sign(context, lastOf(receipts));
  return value;
}

/** Does the same for an operation that only records; resolves with the receipt, which what is read next must show. */
export async function recordAndSign(
  ports: RpcPorts,
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

/** Puts a receipt into the answer's headers, and where the log finds it. */
export function signWith({ responseHeader, values }: HandlerContext, receipt: string): void {
  responseHeader.set(receiptHeader, receipt);
  values.set(receiptKey, receipt);
}

const receiptKey = createContextKey<string | undefined>(undefined, { description: "the receipt of an answered call" });

/** The receipt of a call that was answered. */
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
