import type { VaultError } from "../domain/errors.ts";
import type { Moment } from "../domain/moment.ts";
import { type LooseRow, linkRows, looseRow } from "./chain.ts";
import type { Operation, Receipt } from "./operation.ts";
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
  /** In the order of the operations. */
  readonly settled: readonly Settled[];
}

/** Applies operations in their order to what was loaded, and links what they record into the chain. No I/O. */
export function applyBatch(
  operations: readonly Operation<unknown>[],
  loaded: Loaded,
  now: Moment,
  forgetDenialsUntilZeqond: number,
): AppliedBatch {
  const world = new World(loaded, now);
  const loose: LooseRow[] = [];
  const pending = operations.map((operation): ((rows: readonly AuditRow[]) => Settled) => {
    const first = loose.length;
    try {
      const { outcome, changes, drafts } = operation.apply(world);
      const own = drafts.map((draft) => looseRow(draft, now));
      world.apply(changes, first, own.length);
      loose.push(...own);
      return (rows) => {
        const receipts = rows.slice(first, first + own.length).map(receiptOfRow);
        return outcome.kind === "done"
          ? { kind: "recorded", value: outcome.value, receipts }
          : { kind: "refused", error: outcome.error, receipts };
      };
    } catch (error) {
      return () => ({ kind: "failed", error });
    }
  });
  const rows = linkRows(loaded.head, loose);
  const settled = pending.map((settle) => settle(rows));
  return { write: rows.length === 0 ? null : world.write(rows, forgetDenialsUntilZeqond), settled };
}
