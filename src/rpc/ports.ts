import { type ContextValues, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { MetadataReader } from "../ledger/metadata-reader.ts";
import { type Operation, type Receipt, receiptText } from "../ledger/operation.ts";
import type { Cancellation, Sequencer } from "../ledger/sequencer.ts";
import type { Sealer } from "../sealing/envelope.ts";
import { receiptHeader } from "./errors.ts";

/** What the handlers work with. */
export interface RpcPorts {
  readonly sequencer: Sequencer;
  readonly sealer: Sealer;
  readonly metadata: MetadataReader;
  /** Whether the caller still waits. */
  cancellationOf(context: HandlerContext): Cancellation;
}

/** Submits an operation and puts its last receipt into the answer's headers. */
export async function submitAndSign<T>(ports: RpcPorts, operation: Operation<T>, context: HandlerContext): Promise<T> {
  const { value, receipts } = await ports.sequencer.submit(operation, ports.cancellationOf(context));
  sign(context, lastOf(receipts));
  return value;
}

/** Does the same for an operation that only records; resolves with the receipt, which what is read next must show. */
export async function recordAndSign(
  ports: RpcPorts,
  operation: Operation<unknown>,
  context: HandlerContext,
): Promise<Receipt> {
  const { receipts } = await ports.sequencer.submit(operation, ports.cancellationOf(context));
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
