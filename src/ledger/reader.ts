import { setImmediate as turn } from "node:timers/promises";
import { type RowMac, VaultError } from "../base/index.ts";
import { shapeOf } from "./record.ts";
import type { Head, ListedRow } from "./row.ts";
import {
  type AuditSelection,
  type FollowingRow,
  type Listing,
  type RowSelection,
  type Selection,
  type Store,
  StoreFailure,
} from "./store.ts";
import type { AnyTable, Table } from "./table.ts";

/**
 * Reads without the head lock, once the row that records the read is durable: a long answer blocks no writer, and shows
 * the vault at or after that row, `atLeast`. What is read here MUST NOT decide anything.
 */
export interface Reader {
  /**
   * May return fewer than `limit` when records are large: only an empty page is the end.
   *
   * @throws VaultError `STORE_UNAVAILABLE`, also when the database does not show the row `atLeast`; `OVERLOADED`
   */
  page<R extends object>(table: Table<R>, select: Selection, limit: number, atLeast: Head): Promise<readonly R[]>;
  /**
   * The same of a table that is vouched for, with the columns that lists leave out, each record compared with its MAC.
   *
   * @throws VaultError as `page`; `SEAL_BROKEN` for a record that is not vouched for
   */
  vouchedPage<R extends object>(
    table: Table<R>,
    select: Selection,
    limit: number,
    atLeast: Head,
  ): Promise<readonly R[]>;
  /** @throws VaultError as `page` */
  count(table: AnyTable, select: Selection, atLeast: Head): Promise<number>;
  /**
   * Newest first.
   *
   * @throws VaultError as `page`
   */
  auditRows(about: AuditSelection, limit: number, atLeast: Head): Promise<readonly ListedRow[]>;
  /**
   * Newest first, as `Store.rowsBefore`.
   *
   * @throws VaultError as `page`
   */
  rowsBefore(select: RowSelection, limit: number, atLeast: Head): Promise<readonly FollowingRow[]>;
  /**
   * All records of a selection, from one snapshot. MUST be closed: it holds a connection to the database.
   *
   * @throws VaultError `STORE_UNAVAILABLE`, also from `next`; `OVERLOADED` when too many are open
   */
  openListing<R extends object>(table: Table<R>, select: Selection, atLeast: Head): Promise<Listing<R>>;
}

/** Limit of the reads in flight. */
const maxWaiting = 256;
const overloadRetryMs = 100;
/** Limit of the open listings. */
const maxListings = 8;
const listingRetryMs = 1_000;

/** @param mac required for `vouchedPage` */
export function createReader(
  store: Pick<Store, "page" | "vouchedPage" | "count" | "auditRows" | "rowsBefore" | "openListing">,
  mac?: RowMac,
): Reader {
  let waiting = 0;
  let listings = 0;
  const read = async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting >= maxWaiting) {
      throw new VaultError("OVERLOADED", "too many calls are waiting", { retryAfterMs: overloadRetryMs });
    }
    waiting += 1;
    try {
      return await translated(work());
    } finally {
      waiting -= 1;
    }
  };
  return {
    count: (table, select, atLeast) => read(() => store.count(table, select, atLeast)),
    page: (table, select, limit, atLeast) => read(() => store.page(table, select, limit, atLeast)),
    async vouchedPage<R extends object>(table: Table<R>, select: Selection, limit: number, atLeast: Head) {
      const { digested, store: storedOf } = shapeOf(table);
      const page = await read(() => store.vouchedPage(table, select, limit, atLeast));
      for (const { record, mac: stored } of page) {
        if (mac === undefined || stored === undefined || !mac.isVouched(digested(storedOf(record)), stored)) {
          throw new VaultError("SEAL_BROKEN", "a record is not vouched for");
        }
      }
      // A database in this process answers at once: between two pages, others get their turn.
      await turn();
      return page.map(({ record }) => record as R);
    },
    auditRows: (about, limit, atLeast) => read(() => store.auditRows(about, limit, atLeast)),
    rowsBefore: (select, limit, atLeast) => read(() => store.rowsBefore(select, limit, atLeast)),
    async openListing(table, select, atLeast) {
      if (listings >= maxListings) {
        const message = "too many lists are being read";
        throw new VaultError("OVERLOADED", message, { retryAfterMs: listingRetryMs });
      }
      listings += 1;
      try {
        const { count, next, close } = await translated(store.openListing(table, select, atLeast));
        return {
          count,
          next: (key, limit) => translated(next(key, limit)),
          close: () => {
            listings -= 1;
            return close();
          },
        };
      } catch (error) {
        listings -= 1;
        throw error;
      }
    },
  };
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreFailure)) {
      throw error;
    }
    const message = "the database is not available and nothing was released";
    throw new VaultError("STORE_UNAVAILABLE", message, { cause: error, retryAfterMs: 1_000 });
  }
}
