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
  context.responseHeader.set(receiptHeader, receiptText(receipt));
}

export function lastOf(receipts: readonly Receipt[]): Receipt {
  const last = receipts.at(-1);
  if (last === undefined) {
    throw new Error("an operation that left no row");
  }
  return last;
}
