import { type Moment, type RowMac, VaultError } from "../base/index.ts";
import type { LooseRow } from "./chain.ts";
import type { Change, View } from "./operation.ts";
import { type AnyRecord, keyOf, keyText, type Shape, shapeOf } from "./record.ts";
import type { AuditRow } from "./row.ts";
import type { LedgerWrite, Loaded, LoadedMac, LoadedTable, RecordUpdate, TableWrite, VouchedRecord } from "./store.ts";
import type { AnyTable, Key, Table } from "./table.ts";

/** The loaded records with the changes of the batch so far. */
export class World implements View {
  readonly now: Moment;
  #revision = 0;
  readonly #loaded: Loaded;
  readonly #tables = new Map<AnyTable, TableState>();

  constructor(loaded: Loaded, now: Moment, mac?: RowMac) {
    this.#loaded = loaded;
    this.now = now;
    for (const [table, records] of loaded.tables) {
      this.#tables.set(table, new TableState(table, records, mac));
    }
  }

  get revision(): number {
    return this.#revision;
  }

  get<R extends object>(table: Table<R>, ...key: Key): R | undefined {
    return this.#state(table).get(keyText(key)) as R | undefined;
  }

  all<R extends object>(table: Table<R>, lookup: string, ...by: Key): readonly R[] {
    return this.#state(table).all(lookup, keyText(by)) as readonly R[];
  }

  isAsRecorded(table: AnyTable, ...key: Key): boolean {
    return this.#state(table).isAsRecorded(keyText(key));
  }

  /** How many more bytes these changes add to the write. A record that changes twice is written once. */
  weigh(changes: readonly Change[]): number {
    let bytes = 0;
    for (const change of changes) {
      if (change.kind === "put") {
        bytes += this.#state(change.table).weigh(change.record as AnyRecord);
      }
    }
    return bytes;
  }

  /**
   * Applies the changes of one operation, whose rows begin at index `firstRow` of the batch: all, or none if one is
   * invalid.
   */
  apply(changes: readonly Change[], firstRow: number, rows: readonly LooseRow[]): void {
    for (let index = 0; index < changes.length; index++) {
      this.#validate(changes, index, rows.length - firstRow);
    }
    if (changes.length > 0) {
      this.#revision += 1;
    }
    for (const change of changes) {
      const state = this.#state(change.table);
      switch (change.kind) {
        case "put":
          state.put(change.record as AnyRecord);
          break;
        case "delete":
          state.delete(keyText(change.key));
          break;
        case "count":
          state.count(keyText(change.key), this.now);
          break;
        case "append":
          state.append(firstRow + change.draft, rows);
      }
    }
  }

  #validate(changes: readonly Change[], index: number, rows: number): void {
    const change = changes[index] as Change;
    if (change.kind === "append" && change.draft >= rows) {
      throw new Error("a derived record that no draft stands for");
    }
    if (change.kind === "count" && !this.#isThere(change, index === 0 ? [] : changes.slice(0, index))) {
      throw new Error("a count of a record that is not there");
    }
  }

  #isThere({ table, key }: Extract<Change, { kind: "count" }>, before: readonly Change[]): boolean {
    const state = this.#state(table);
    const text = keyText(key);
    const isPut = before.findLast(
      (other) => other.table === table && other.kind !== "count" && state.keyOfChange(other) === text,
    );
    return isPut === undefined ? state.get(text) !== undefined : isPut.kind === "put";
  }

  /** The write of the batch: its changes and the rows that record them. */
  write(rows: readonly AuditRow[], nowZeqond: number): LedgerWrite {
    const last = rows.at(-1);
    if (last === undefined) {
      throw new Error("a write without rows");
    }
    const tables: TableWrite[] = [];
    for (const state of this.#tables.values()) {
      const write = state.write(rows);
      if (write !== undefined) {
        tables.push(write);
      }
    }
    const to = { seq: last.seq, rowHash: last.rowHash };
    return { from: this.#loaded.head, to, rows, tables, nowZeqond };
  }

  #state(table: AnyTable): TableState {
    const state = this.#tables.get(table);
    if (state === undefined) {
      throw new Error(`an operation did not need the table ${table.name}`);
    }
    return state;
  }
}

interface Appended {
  readonly row: number;
  readonly record: AnyRecord;
}

/** One table: what was loaded, and what the batch changed. */
class TableState {
  readonly #table: AnyTable;
  readonly #shape: Shape;
  readonly #loaded: LoadedTable;
  readonly #mac: RowMac | undefined;
  readonly #changed = new Map<string, AnyRecord | undefined>();
  /** Keys that the batch itself has written, whose records therefore match the log. */
  readonly #written = new Set<string>();
  readonly #writtenBytes = new Map<string, number>();
  #appended: Appended[] = [];

  constructor(table: AnyTable, loaded: LoadedTable, mac: RowMac | undefined) {
    this.#table = table;
    this.#shape = shapeOf(table);
    this.#loaded = loaded;
    this.#mac = mac;
  }

  get(key: string): AnyRecord | undefined {
    if (this.#changed.size > 0 && this.#changed.has(key)) {
      return this.#changed.get(key);
    }
    const record = this.#loaded.records.get(key);
    return record === undefined ? undefined : this.#checked(record);
  }

  all(lookup: string, by: string): readonly AnyRecord[] {
    const loaded = this.#loaded.lookups.get(lookup)?.get(by) ?? none;
    if (this.#changed.size === 0 && this.#appended.length === 0) {
      return this.#table.vouched ? loaded.map((record) => this.#checked(record)) : loaded;
    }
    const fields = this.#table.lookups[lookup] ?? [];
    const matches = (record: AnyRecord) => keyText(keyOf(fields, record)) === by;
    const kept = loaded.filter((record) => !this.#changed.has(this.#shape.keyOf(record)));
    const changed = [...this.#changed.values()].filter((record) => record !== undefined);
    const appended = this.#appended.map(({ record }) => record);
    return [...kept.map((record) => this.#checked(record)), ...[...changed, ...appended].filter(matches)];
  }

  isAsRecorded(key: string): boolean {
    return this.#written.has(key) || this.#loaded.asRecorded.has(key);
  }

  weigh(record: AnyRecord): number {
    return this.#shape.weigh(record) - (this.#writtenBytes.get(this.#shape.keyOf(record)) ?? 0);
  }

  keyOfChange(change: Change): string | undefined {
    if (change.kind === "append") {
      return undefined;
    }
    return change.kind === "put" ? this.#shape.keyOf(change.record as AnyRecord) : keyText(change.key);
  }

  put(record: AnyRecord): void {
    const key = this.#shape.keyOf(record);
    this.#changed.set(key, record);
    this.#written.add(key);
    this.#writtenBytes.set(key, this.#shape.weigh(record));
  }

  delete(key: string): void {
    this.#changed.set(key, undefined);
    this.#written.add(key);
  }

  count(key: string, { zeqond }: Moment): void {
    const { counters } = this.#table;
    if (counters === undefined) {
      throw new Error(`the table ${this.#table.name} has no counters`);
    }
    const counted: Record<string, unknown> = { ...this.get(key) };
    counted[counters.count] = Number(counted[counters.count]) + 1;
    counted[counters.latest] = zeqond;
    this.#changed.set(key, counted);
  }

  append(row: number, rows: readonly LooseRow[]): void {
    this.#appended.push({ row, record: this.#derive(rows[row]) });
  }

  /** Undefined when nothing changed. */
  write(rows: readonly AuditRow[]): TableWrite | undefined {
    if (this.#changed.size === 0 && this.#appended.length === 0) {
      return undefined;
    }
    const deletes: AnyRecord[] = [];
    const inserts: VouchedRecord[] = [];
    const updates: RecordUpdate[] = [];
    const counts: AnyRecord[] = [];
    for (const [key, now] of this.#changed) {
      const was = this.#loaded.records.get(key);
      const isReplaced = was !== undefined && (now === undefined || !this.#isSameIdentity(was, now));
      if (isReplaced) {
        deletes.push(was);
      }
      if (now === undefined) {
        continue;
      }
      if (was === undefined || isReplaced) {
        inserts.push(this.#vouched(now));
        continue;
      }
      const fromVersion = this.#shape.versionOf(was);
      if (this.#shape.versionOf(now) !== fromVersion) {
        updates.push({ ...this.#vouched(now), fromVersion });
      }
      if (this.#haveCountersMoved(was, now)) {
        counts.push(now);
      }
    }
    const appends = this.#appended.map(({ row }) => this.#derive(rows[row]));
    return { table: this.#table, deletes, inserts, updates, counts, appends };
  }

  #derive(row: AuditRow | undefined): AnyRecord {
    const record = row && this.#table.derivation?.of(row);
    if (record === undefined) {
      throw new Error(`a row of the log that stands for no record of ${this.#table.name}`);
    }
    return record as AnyRecord;
  }

  #isSameIdentity(one: AnyRecord, other: AnyRecord): boolean {
    const { identity } = this.#table;
    return identity === undefined || one[identity] === other[identity];
  }

  #haveCountersMoved(was: AnyRecord, now: AnyRecord): boolean {
    const { counters } = this.#table;
    return (
      counters !== undefined &&
      (was[counters.count] !== now[counters.count] || was[counters.latest] !== now[counters.latest])
    );
  }

  #vouched(record: AnyRecord): VouchedRecord {
    return this.#table.vouched ? { record, mac: this.#requireMac().vouch(this.#input(record)) } : { record };
  }

  #checked(record: AnyRecord): AnyRecord {
    if (this.#table.vouched) {
      const mac = this.#loaded.macs.get(record);
      if (mac?.isRight !== true) {
        this.#check(record, mac);
      }
    }
    return record;
  }

  #check(record: AnyRecord, mac: LoadedMac | undefined): void {
    if (mac === undefined || !this.#requireMac().isVouched(this.#input(record), mac.bytes)) {
      throw new VaultError("SEAL_BROKEN", "a record is not vouched for");
    }
    mac.isRight = true;
  }

  #input(record: AnyRecord): Uint8Array {
    return this.#shape.digested(this.#shape.store(record));
  }

  #requireMac(): RowMac {
    if (this.#mac === undefined) {
      throw new Error(`the table ${this.#table.name} is vouched for, and there is no key`);
    }
    return this.#mac;
  }
}

const none: readonly AnyRecord[] = [];
