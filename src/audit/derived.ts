import {
  type AnyRecord,
  type AnyTable,
  type AuditRow,
  type Derivation,
  othersKeptZeqonds,
  type Snapshot,
  shapeOf,
} from "../ledger/index.ts";
import type { Difference } from "./report.ts";

/** A table whose records follow from the log. */
interface DerivedTable extends AnyTable {
  readonly derivation: Derivation;
}

export function isDerived(table: AnyTable): table is DerivedTable {
  return table.derivation !== undefined;
}

interface Derived {
  readonly digest: string;
  readonly group: string;
  readonly zeqond: number;
}

/**
 * The records that follow from the log and matter now or, where a clock was ahead, will matter; for comparison with the
 * table. Older ones may or may not be in the table, so they are not compared.
 */
export class DerivedRecords {
  readonly #table: DerivedTable;
  readonly #nowZeqond: number;
  readonly #bySeq = new Map<number, Derived>();
  /** The last Zeqond of the records that share the values of the lookup. */
  readonly #lastOfGroup = new Map<string, number>();
  /** The last Zeqond of all records. */
  #last = 0;

  constructor(table: DerivedTable, nowZeqond: number) {
    this.#table = table;
    this.#nowZeqond = nowZeqond;
  }

  /** The types of the rows that it has to see. */
  get types(): readonly string[] {
    return this.#table.derivation.types;
  }

  /** Takes these rows of the log, in order. */
  note(row: AuditRow): void {
    if (!this.#isNotOver(row.zeqondNumber)) {
      return;
    }
    const record = this.#table.derivation.of(row) as AnyRecord | undefined;
    if (record === undefined) {
      return;
    }
    const { store, digest } = shapeOf(this.#table);
    const zeqond = row.zeqondNumber;
    const group = JSON.stringify((this.#table.lookups[this.#table.derivation.lookup] ?? []).map((by) => record[by]));
    this.#bySeq.set(row.seq, { digest: digest(store(record)), group, zeqond });
    this.#lastOfGroup.set(group, Math.max(zeqond, this.#lastOfGroup.get(group) ?? 0));
    this.#last = Math.max(zeqond, this.#last);
  }

  async compare(snapshot: Pick<Snapshot, "records">, limit: number): Promise<readonly Difference[]> {
    const table = this.#table;
    const { derivation, columns } = table;
    const at = (field: string) => columns.findIndex((column) => column.field === field);
    const [seqAt, zeqondAt] = [at(derivation.seq), at(derivation.zeqond)];
    const { digest } = shapeOf(table);
    const differences: Difference[] = [];
    const differs = (seq: number, why: string) => {
      if (differences.length < limit) {
        differences.push({ table, name: null, seq, why });
      }
    };
    const missing = new Map(this.#bySeq);
    for await (const page of snapshot.records(table)) {
      for (const { row } of page) {
        const seq = Number(row[seqAt]);
        const recorded = missing.get(seq);
        missing.delete(seq);
        const isKnown =
          recorded === undefined ? !this.#isNotOver(Number(row[zeqondAt])) : digest(row) === recorded.digest;
        if (!isKnown) {
          differs(seq, derivation.unknown);
        }
      }
    }
    for (const [seq, derived] of missing) {
      if (!this.#mayBeForgotten(derived)) {
        differs(seq, derivation.missing);
      }
    }
    return differences;
  }

  #isNotOver(zeqond: number): boolean {
    return this.#nowZeqond - zeqond < this.#table.derivation.windowZeqonds;
  }

  /**
   * Whether it may have been deleted when a later record was appended: of the same group, or of another much later. Such a
   * record is still recent here only if our clock is behind, or the clock of the server that recorded the later one was ahead.
   */
  #mayBeForgotten({ group, zeqond }: Derived): boolean {
    const { windowZeqonds } = this.#table.derivation;
    const ofGroup = (this.#lastOfGroup.get(group) ?? 0) - zeqond >= windowZeqonds;
    return ofGroup || this.#last - zeqond >= windowZeqonds + othersKeptZeqonds;
  }
}
