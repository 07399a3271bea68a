import type { Moment, RowMac, VaultError } from "../base/index.ts";
import { type LooseRow, linkRows, looseRow } from "./chain.ts";
import type { Decision, Operation, Outcome } from "./operation.ts";
import { type Receipt, receiptOfRow } from "./receipt.ts";
import { shapeOf } from "./record.ts";
import type { AuditRow } from "./row.ts";
import type { LedgerWrite, Loaded } from "./store.ts";
import { World } from "./world.ts";

/** The outcome of one operation of a batch, valid once the batch is durable. */
export type Settled =
  | { readonly kind: "recorded"; readonly value: unknown; readonly receipts: readonly Receipt[] }
  | { readonly kind: "refused"; readonly error: VaultError; readonly receipts: readonly Receipt[] }
  /** The operation threw, which is a bug. The batch contains none of its rows or changes. */
  | { readonly kind: "failed"; readonly error: unknown };

export interface AppliedBatch {
  /** Null when there is nothing to write. */
  readonly write: LedgerWrite | null;
  /** In the order of the operations. Operations at the end that did not fit are missing and were not applied. */
  readonly settled: readonly Settled[];
  /** Approximate size of the loaded records. */
  readonly loadedBytes: number;
}

interface BatchOptions {
  readonly maxBytes?: number;
  /** Required for tables that are vouched for. */
  readonly mac?: RowMac | undefined;
}

/**
 * Applies operations in order to the loaded rows, and links their audit rows into the chain. No I/O.
 *
 * Stops before the operation with which the records and payloads to write would exceed `maxBytes`. The first operation
 * is always applied.
 */
export function applyBatch(
  operations: readonly Operation<unknown>[],
  loaded: Loaded,
  now: Moment,
  { maxBytes = Number.POSITIVE_INFINITY, mac }: BatchOptions = {},
): AppliedBatch {
  const world = new World(loaded, now, mac);
  const loose: LooseRow[] = [];
  const applied: Applied[] = [];
  const collected = { world, loose, applied };
  let bytesLeft = maxBytes;
  for (const operation of operations) {
    const most = applied.length === 0 ? Number.POSITIVE_INFINITY : bytesLeft;
    const bytes = applyOne(operation, collected, most);
    if (bytes === undefined) {
      break;
    }
    bytesLeft -= bytes;
  }
  const rows = linkRows(loaded.head, loose);
  const settled = settle(applied, rows);
  const write = rows.length === 0 ? null : world.write(rows, now.zeqond);
  return { write, settled, loadedBytes: bytesOf(loaded) };
}

/** Wipes the values of an attempt that was rolled back: no caller receives them. */
export function discardBatch(operations: readonly Operation<unknown>[], { settled }: AppliedBatch): void {
  settled.forEach((each, index) => {
    if (each.kind === "recorded") {
      operations[index]?.discard?.(each.value);
    }
  });
}

/** An operation that was applied. */
interface Applied {
  /** Undefined: it threw `error`. */
  readonly outcome: Outcome<unknown> | undefined;
  readonly error?: unknown;
  /** The number of rows of the batch up to its last one. */
  readonly end: number;
}

/** What the operations of a batch add to, in their order. */
interface Collected {
  readonly world: World;
  readonly loose: LooseRow[];
  readonly applied: Applied[];
}

function settle(applied: readonly Applied[], rows: readonly AuditRow[]): readonly Settled[] {
  const settled: Settled[] = [];
  let at = 0;
  for (const { outcome, error, end } of applied) {
    const receipts: Receipt[] = [];
    for (; at < end; at++) {
      receipts.push(receiptOfRow(rows[at] as AuditRow));
    }
    if (outcome === undefined) {
      settled.push({ kind: "failed", error });
    } else if (outcome.kind === "done") {
      settled.push({ kind: "recorded", value: outcome.value, receipts });
    } else {
      settled.push({ kind: "refused", error: outcome.error, receipts });
    }
  }
  return settled;
}

/** Returns the size of what the operation writes; undefined when that is more than `maxBytes`, and then it adds nothing. */
function applyOne(
  operation: Operation<unknown>,
  { world, loose, applied }: Collected,
  maxBytes: number,
): number | undefined {
  const first = loose.length;
  let decision: Decision<unknown> | undefined;
  try {
    decision = operation.apply(world);
    const { outcome, changes, drafts } = decision;
    let bytes = world.weigh(changes);
    for (const draft of drafts) {
      const row = looseRow(draft, world.now);
      bytes += Buffer.byteLength(row.payloadJson);
      loose.push(row);
    }
    if (bytes > maxBytes) {
      loose.length = first;
      discard(operation, outcome);
      return undefined;
    }
    world.apply(changes, first, loose);
    applied.push({ outcome, end: loose.length });
    return bytes;
  } catch (error) {
    loose.length = first;
    if (decision !== undefined) {
      discard(operation, decision.outcome);
    }
    applied.push({ outcome: undefined, error, end: first });
    return 0;
  }
}

function discard(operation: Operation<unknown>, outcome: Outcome<unknown>): void {
  if (outcome.kind === "done") {
    operation.discard?.(outcome.value);
  }
}

function bytesOf({ tables }: Loaded): number {
  let bytes = 0;
  for (const [table, { records, lookups }] of tables) {
    const { weighRoughly } = shapeOf(table);
    for (const record of records.values()) {
      bytes += weighRoughly(record);
    }
    for (const found of lookups.values()) {
      for (const list of found.values()) {
        bytes += list.reduce((sum, record) => sum + weighRoughly(record), 0);
      }
    }
  }
  return bytes;
}
