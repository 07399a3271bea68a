import type { VaultError } from "../domain/errors.ts";
import type { Moment } from "../domain/moment.ts";
import type { Secret } from "../domain/secret.ts";
import { linkRows } from "./chain.ts";
import type { AuditDraft, BatchView, Change, Operation, Receipt } from "./operation.ts";
import { type AuditRow, receiptOfRow } from "./row.ts";
import type { Denial, LedgerWrite, Loaded, ReadCounter, SecretUpdate } from "./store.ts";

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
  const drafts: AuditDraft[] = [];
  const denialDrafts: { readonly zid: string; readonly draft: number }[] = [];
  const pending = operations.map((operation): ((rows: readonly AuditRow[]) => Settled) => {
    const first = drafts.length;
    try {
      const decision = operation.apply(world);
      for (const change of decision.changes) {
        if (change.kind === "count_denial") denialDrafts.push({ zid: change.zid, draft: first + change.draft });
        world.apply(change);
      }
      drafts.push(...decision.drafts);
      const { outcome } = decision;
      const last = drafts.length;
      return (rows) => {
        const receipts = rows.slice(first, last).map(receiptOfRow);
        return outcome.kind === "done"
          ? { kind: "recorded", value: outcome.value, receipts }
          : { kind: "refused", error: outcome.error, receipts };
      };
    } catch (error) {
      return () => ({ kind: "failed", error });
    }
  });
  const rows = linkRows(loaded.head, drafts, now);
  const settled = pending.map((settle) => settle(rows));
  if (rows.length === 0) return { write: null, settled };
  const denials = denialDrafts.map(({ zid, draft }) => denialOf(zid, rows[draft]));
  return { write: world.write(loaded, rows, denials, forgetDenialsUntilZeqond), settled };
}

function denialOf(zid: string, row: AuditRow | undefined): Denial {
  if (row === undefined) throw new Error("a denial that no draft records");
  return { seq: row.seq, zid, zeqond: row.zeqondNumber };
}

/** What was loaded, and what the batch has made of it so far. */
class World implements BatchView {
  readonly now: Moment;
  readonly #loaded: Loaded;
  readonly #changed = new Map<string, Secret | undefined>();
  readonly #newDenials = new Map<string, number[]>();

  constructor(loaded: Loaded, now: Moment) {
    this.#loaded = loaded;
    this.now = now;
  }

  secret(name: string): Secret | undefined {
    return this.#changed.has(name) ? this.#changed.get(name) : this.#loaded.secrets.get(name);
  }

  denials(zid: string): readonly number[] {
    const before = this.#loaded.denials.get(zid) ?? [];
    const added = this.#newDenials.get(zid);
    return added === undefined ? before : [...before, ...added];
  }

  apply(change: Change): void {
    switch (change.kind) {
      case "put":
        this.#changed.set(change.secret.name, change.secret);
        return;
      case "delete":
        this.#changed.set(change.name, undefined);
        return;
      case "count_read": {
        const secret = this.secret(change.name);
        if (secret === undefined) throw new Error("a read of a secret that is not there");
        const { readCount } = secret;
        this.#changed.set(change.name, { ...secret, readCount: readCount + 1, lastReadZeqond: this.now.zeqond });
        return;
      }
      case "count_denial":
        this.#newDenials.set(change.zid, [...(this.#newDenials.get(change.zid) ?? []), this.now.zeqond]);
    }
  }

  write(loaded: Loaded, rows: readonly AuditRow[], denials: readonly Denial[], forget: number): LedgerWrite {
    const deletes: Secret[] = [];
    const inserts: Secret[] = [];
    const updates: SecretUpdate[] = [];
    const reads: ReadCounter[] = [];
    for (const [name, now] of this.#changed) {
      const was = loaded.secrets.get(name);
      const replaced = was !== undefined && was.id !== now?.id;
      if (replaced) deletes.push(was);
      if (now === undefined) continue;
      if (was === undefined || replaced) {
        inserts.push(now);
        continue;
      }
      if (now.version !== was.version) updates.push({ secret: now, fromVersion: was.version });
      if (now.readCount !== was.readCount) reads.push(readCounterOf(now));
    }
    const last = rows.at(-1);
    if (last === undefined) throw new Error("a write without rows");
    const to = { seq: last.seq, rowHash: last.rowHash };
    return { from: loaded.head, to, rows, deletes, inserts, updates, reads, denials, forgetDenialsUntilZeqond: forget };
  }
}

function readCounterOf(secret: Secret): ReadCounter {
  const { id, readCount, lastReadZeqond } = secret;
  if (lastReadZeqond === null) throw new Error("a counted read without its Zeqond");
  return { secretId: id, readCount, lastReadZeqond };
}
