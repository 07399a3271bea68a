import { BoundedMap } from "../../base/index.ts";
import type { AnyTable, LedgerWrite } from "../../ledger/index.ts";
import { KnownTable, knownForZeqonds } from "./known-table.ts";
import type { OriginWrite } from "./origins.ts";

const maxOrigins = 8_192;

/**
 * What a store has loaded and written last. A store that can tell that nobody else has written need not load it again; for
 * another one it is a shortcut from the same bytes to the same record. Memory is bounded; what is forgotten is loaded.
 */
export class Known {
  readonly #tables: ReadonlyMap<AnyTable, KnownTable>;
  /** Those whose records have counters, by what precedes the key in their origins. */
  readonly #counted: readonly (readonly [originPrefix: string, KnownTable])[];
  #origins = new BoundedMap<number>(maxOrigins);
  #state: unknown;
  #sinceZeqond = 0;

  constructor(declared: readonly AnyTable[]) {
    const tables = declared.map((table) => [table, new KnownTable(table)] as const);
    this.#tables = new Map(tables);
    this.#counted = tables.flatMap(([{ counters, log }, known]) =>
      counters === undefined || log === undefined ? [] : [[log.originPrefix, known] as const],
    );
  }

  /** The rows of a table; one that the store was not opened with is a bug. */
  of(table: AnyTable): KnownTable {
    const known = this.#tables.get(table);
    if (known === undefined) {
      throw new Error(`the store was opened without the table ${table.name}`);
    }
    return known;
  }

  /**
   * Forgets everything unless the vault is in the state that this was loaded from, or that the last batch has left. After
   * some time it is forgotten in any case: derived records come to matter.
   *
   * @param state tells states of the vault apart
   * @returns whether it is in the same state
   */
  keepIf(state: unknown, nowZeqond: number): boolean {
    const isSame = state === this.#state;
    if (!isSame || Math.abs(nowZeqond - this.#sinceZeqond) > knownForZeqonds) {
      this.forgetAll();
      this.#state = state;
      this.#sinceZeqond = nowZeqond;
    }
    return isSame;
  }

  /** The last row of the log about an origin. */
  lastOf(originId: string): number | undefined {
    return this.#origins.get(originId);
  }

  /** A batch of this store was committed, and has left the vault in a state. */
  committed({ tables }: LedgerWrite, origins: readonly OriginWrite[], state: unknown): void {
    this.#state = state;
    for (const write of tables) {
      this.of(write.table).committed(write);
    }
    for (const { originId, lastSeq } of origins) {
      this.#origins.set(originId, lastSeq);
      for (const [prefix, known] of this.#counted) {
        if (originId.startsWith(prefix)) {
          known.forget(originId.slice(prefix.length));
        }
      }
    }
  }

  forgetAll(): void {
    for (const known of this.#tables.values()) {
      known.beginEra();
    }
    this.#origins = new BoundedMap(maxOrigins);
  }
}
