import type { VaultError } from "../../src/base/errors.ts";
import { applyBatch } from "../../src/ledger/batch.ts";
import { isAsRecorded, payloadEndBytes } from "../../src/ledger/last-change.ts";
import { needsOf } from "../../src/ledger/needs.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { type AnyRecord, keyOf, keyText, shapeOf } from "../../src/ledger/record.ts";
import type { AuditRow, Head } from "../../src/ledger/row.ts";
import type { LoadedTable, TableNeeds, TableWrite } from "../../src/ledger/store.ts";
import type { AnyTable } from "../../src/ledger/table.ts";
import type { Secret } from "../../src/secrets/secret.ts";
import { secrets as secretTable } from "../../src/secrets/tables.ts";
import { tables } from "../../src/tables.ts";
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

/** `declared`: its tables; the vault's own unless told otherwise. */
export function memoryVault(clock = handClock(), declared: readonly AnyTable[] = tables): MemoryVault {
  const records = new Map(declared.map((table) => [table, new Map<string, AnyRecord>()]));
  const secrets = (records.get(secretTable) ?? new Map()) as unknown as Map<string, Secret>;
  const log: AuditRow[] = [];
  let head: Head = emptyHead;

  const runAll = (operations: readonly Operation<unknown>[]): readonly Ran<unknown>[] => {
    const needs = needsOf(operations);
    const loaded = [...needs].map(([table, ofTable]) => [table, loadTable(table, ofTable)] as const);
    const { write, settled } = applyBatch(
      operations,
      { head, tables: new Map(loaded), rowHashes: new Map() },
      clock.now(),
    );
    if (write !== null) {
      head = write.to;
      log.push(...write.rows);
      write.tables.forEach(keep);
    }
    return settled.map((each): Ran<unknown> => {
      if (each.kind === "failed") {
        throw each.error;
      }
      const rows = each.receipts.flatMap(({ seq }) => log.filter((row) => row.seq === seq));
      return each.kind === "recorded" ? { value: each.value, rows } : { error: each.error, rows };
    });
  };

  const loadTable = (table: AnyTable, { changes, lookups }: TableNeeds): LoadedTable => {
    const all = records.get(table) ?? new Map<string, AnyRecord>();
    const groups = [...lookups].map(([label, by]) => {
      const fields = table.lookups[label] ?? [];
      const matching = (text: string) => [...all.values()].filter((each) => keyText(keyOf(fields, each)) === text);
      return [label, new Map([...by.keys()].map((text) => [text, matching(text)]))] as const;
    });
    const asRecorded = new Set([...changes].filter((key) => isKeyAsRecorded(table, key, all.get(key))));
    return { records: new Map(all), lookups: new Map(groups), asRecorded, macs: new Map() };
  };

  const isKeyAsRecorded = (table: AnyTable, key: string, record: AnyRecord | undefined) => {
    const types = [...(table.log?.put ?? []), table.log?.removed];
    const originId = (table.log?.originPrefix ?? "") + key;
    const last = log.findLast((row) => row.originId === originId && types.includes(row.transitionType));
    return isAsRecorded(
      table,
      record && shapeOf(table).store(record),
      last && { transitionType: last.transitionType, payloadEnd: last.payloadJson.slice(-payloadEndBytes) },
    );
  };

  const keep = ({ table, deletes, inserts, updates, counts, appends }: TableWrite) => {
    const all = records.get(table) ?? new Map<string, AnyRecord>();
    const { keyOf: keyOfRecord } = shapeOf(table);
    for (const record of deletes) {
      all.delete(keyOfRecord(record));
    }
    for (const record of [...inserts.map((written) => written.record), ...appends]) {
      all.set(keyOfRecord(record), record);
    }
    for (const { record } of updates) {
      all.set(keyOfRecord(record), { ...record, ...countersOf(table, all.get(keyOfRecord(record))) });
    }
    for (const record of counts) {
      all.set(keyOfRecord(record), { ...all.get(keyOfRecord(record)), ...countersOf(table, record) });
    }
  };

  const countersOf = ({ counters }: AnyTable, record: AnyRecord | undefined) =>
    counters && { [counters.count]: record?.[counters.count], [counters.latest]: record?.[counters.latest] };

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
