import type { HandlerContext } from "@connectrpc/connect";
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
export async function submitAndSign<T>(
  { sequencer, cancellationOf }: RpcPorts,
  operation: Operation<T>,
  context: HandlerContext,
): Promise<T> {
  const { value, receipts } = await sequencer.submit(operation, cancellationOf(context));
  sign(context, lastOf(receipts));
  return value;
}

export function sign(context: HandlerContext, receipt: Receipt): void {
  context.responseHeader.set(receiptHeader, receiptText(receipt));
}

export function lastOf(receipts: readonly Receipt[]): Receipt {
  const last = receipts.at(-1);
  if (last === undefined) {
    throw new Error("an operation that left no row");
  }
  return last;
}
