import type { VaultError } from "../../src/domain/errors.ts";
import type { Secret } from "../../src/domain/secret.ts";
import { applyBatch } from "../../src/ledger/batch.ts";
import { changeTypes, isAsRecorded, payloadEndBytes } from "../../src/ledger/last-change.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { type AuditRow, type Head, originIdOf } from "../../src/ledger/row.ts";
import type { LedgerWrite } from "../../src/ledger/store.ts";
import { emptyHead, type HandClock, handClock } from "./ledger.ts";

/** What became of one operation, and its rows; a bug that it threw is thrown on. */
export type Ran<T> =
  | { readonly value: T; readonly error?: never; readonly rows: readonly AuditRow[] }
  | { readonly value?: never; readonly error: VaultError; readonly rows: readonly AuditRow[] };

/** A vault in memory: operations are applied as the sequencer applies them, with no database below. */
export interface MemoryVault {
  readonly clock: HandClock;
  /** By name; tests put into it what somebody could write into the tables by hand. */
  readonly secrets: Map<string, Secret>;
  readonly log: readonly AuditRow[];
  /** A batch of one. */
  run<T>(operation: Operation<T>): Ran<T>;
  /** All in one batch. */
  runAll(operations: readonly Operation<unknown>[]): readonly Ran<unknown>[];
  /** The secret of that name, which must be there. */
  secret(name: string): Secret;
}

export function memoryVault(clock = handClock()): MemoryVault {
  const secrets = new Map<string, Secret>();
  const log: AuditRow[] = [];
  const denials = new Map<string, number[]>();
  let head: Head = emptyHead;

  const runAll = (operations: readonly Operation<unknown>[]): readonly Ran<unknown>[] => {
    const asRecorded = new Set(operations.flatMap(({ needs }) => needs.changes ?? []).filter(isNameAsRecorded));
    const loaded = { head, secrets: new Map(secrets), denials: new Map(denials), asRecorded, rowHashes: new Map() };
    const { write, settled } = applyBatch(operations, loaded, clock.now(), 0);
    if (write !== null) {
      keep(write);
    }
    return settled.map((each): Ran<unknown> => {
      if (each.kind === "failed") {
        throw each.error;
      }
      const rows = each.receipts.flatMap(({ seq }) => log.filter((row) => row.seq === seq));
      return each.kind === "recorded" ? { value: each.value, rows } : { error: each.error, rows };
    });
  };

  const isNameAsRecorded = (name: string) => {
    const secret = secrets.get(name);
    const ofName = ({ originId, transitionType }: AuditRow) =>
      originId === originIdOf(name) && changeTypes.some((type) => type === transitionType);
    const last = log.findLast(ofName);
    return isAsRecorded(
      secret && { ...secret, permissionsJson: JSON.stringify(secret.permissions) },
      last && { transitionType: last.transitionType, payloadEnd: last.payloadJson.slice(-payloadEndBytes) },
    );
  };

  const keep = (write: LedgerWrite) => {
    head = write.to;
    log.push(...write.rows);
    for (const { name } of write.deletes) {
      secrets.delete(name);
    }
    for (const secret of write.inserts) {
      secrets.set(secret.name, secret);
    }
    for (const { secret } of write.updates) {
      secrets.set(secret.name, { ...secret, ...countersOf(secret.id) });
    }
    for (const { secretId, readCount, lastReadZeqond } of write.reads) {
      for (const [name, secret] of secrets) {
        if (secret.id === secretId) {
          secrets.set(name, { ...secret, readCount, lastReadZeqond });
        }
      }
    }
    for (const { zid, zeqond } of write.denials) {
      denials.set(zid, [...(denials.get(zid) ?? []), zeqond]);
    }
  };

  const countersOf = (id: string) => {
    const kept = [...secrets.values()].find((secret) => secret.id === id);
    return { readCount: kept?.readCount ?? 0, lastReadZeqond: kept?.lastReadZeqond ?? null };
  };

  return {
    ...{ clock, secrets, log, runAll },
    run: <T>(operation: Operation<T>) => runAll([operation])[0] as Ran<T>,
    secret(name) {
      const secret = secrets.get(name);
      if (secret === undefined) {
        throw new Error(`no secret ${name}`);
      }
      return secret;
    },
  };
}
