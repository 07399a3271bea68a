import type { VaultError } from "../domain/errors.ts";
import type { Moment } from "../domain/moment.ts";
import { type LooseRow, linkRows, looseRow } from "./chain.ts";
import type { Decision, Operation, Outcome, Receipt } from "./operation.ts";
import { type AuditRow, receiptOfRow } from "./row.ts";
import type { LedgerWrite, Loaded } from "./store.ts";
import { World } from "./world.ts";

/** What became of one operation of a batch; true once the batch is durable. */
export type Settled =
  | { readonly kind: "recorded"; readonly value: unknown; readonly receipts: readonly Receipt[] }
  | { readonly kind: "refused"; readonly error: VaultError; readonly receipts: readonly Receipt[] }
  /** It threw: a bug. Nothing of it is in the batch. */
  | { readonly kind: "failed"; readonly error: unknown };

export interface AppliedBatch {
  /** Null when there is nothing to write. */
  readonly write: LedgerWrite | null;
  /** In the order of the operations; those that did not fit any more are not among them, and did not happen. */
  readonly settled: readonly Settled[];
  /** Of the secrets that were loaded, roughly. */
  readonly loadedBytes: number;
}

type Settle = (rows: readonly AuditRow[]) => Settled;

/**
 * Applies operations in their order to what was loaded, and links what they record into the chain. No I/O.
 *
 * Stops before the first one with which the secrets and payloads to be written would have more than `maxBytes`; the
 * first of all is applied whatever it writes.
 */
export function applyBatch(
  operations: readonly Operation<unknown>[],
  loaded: Loaded,
  now: Moment,
  forgetDenialsUntilZeqond: number,
  maxBytes = Number.POSITIVE_INFINITY,
): AppliedBatch {
  const world = new World(loaded, now);
  const loose: LooseRow[] = [];
  const pending: Settle[] = [];
  let bytesLeft = maxBytes;
  for (const operation of operations) {
    const applied = applyOne(operation, world, loose, pending.length === 0 ? Number.POSITIVE_INFINITY : bytesLeft);
    if (applied === "too_much") {
      break;
    }
    bytesLeft -= applied.bytes;
    pending.push(applied.settle);
  }
  const rows = linkRows(loaded.head, loose);
  const settled = pending.map((settle) => settle(rows));
  const write = rows.length === 0 ? null : world.write(rows, forgetDenialsUntilZeqond);
  return { write, settled, loadedBytes: bytesOf(loaded) };
}

/** Lets the operations of an attempt that was thrown back wipe what they gave out: nobody gets it. */
export function discardBatch(operations: readonly Operation<unknown>[], { settled }: AppliedBatch): void {
  settled.forEach((each, index) => {
    if (each.kind === "recorded") {
      operations[index]?.discard?.(each.value);
    }
  });
}

function applyOne(
  operation: Operation<unknown>,
  world: World,
  loose: LooseRow[],
  maxBytes: number,
): { readonly settle: Settle; readonly bytes: number } | "too_much" {
  const first = loose.length;
  let decision: Decision<unknown> | undefined;
  try {
    decision = operation.apply(world);
    const { outcome, changes, drafts } = decision;
    const own = drafts.map((draft) => looseRow(draft, world.now));
    const bytes = world.weigh(changes) + own.reduce((sum, row) => sum + Buffer.byteLength(row.payloadJson), 0);
    if (bytes > maxBytes) {
      discard(operation, outcome);
      return "too_much";
    }
    world.apply(changes, first, own.length);
    loose.push(...own);
    const settle: Settle = (rows) => {
      const receipts = rows.slice(first, first + own.length).map(receiptOfRow);
      return outcome.kind === "done"
        ? { kind: "recorded", value: outcome.value, receipts }
        : { kind: "refused", error: outcome.error, receipts };
    };
    return { settle, bytes };
  } catch (error) {
    if (decision !== undefined) {
      discard(operation, decision.outcome);
    }
    return { settle: () => ({ kind: "failed", error }), bytes: 0 };
  }
}

function discard(operation: Operation<unknown>, outcome: Outcome<unknown>): void {
  if (outcome.kind === "done") {
    operation.discard?.(outcome.value);
  }
}

/** Roughly: it is asked for each batch, and a list of readers can be long. */
function bytesOf({ secrets }: Loaded): number {
  let bytes = 0;
  for (const { sealedValue, permissions } of secrets.values()) {
    bytes += sealedValue.byteLength;
    for (const zid of permissions) {
      bytes += zid.length;
    }
  }
  return bytes;
}
