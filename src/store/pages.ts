import { pageBytes } from "../ledger/store.ts";

/** How many of the first rows make one page, from rows that hold their sizes and nothing else. */
export function countOfPage(sizes: readonly (readonly unknown[])[]): number {
  return pageOf(sizes, ([size]) => Number(size ?? 0)).length;
}

/** The first rows that have no more than `pageBytes` together; one at least. Takes no more of them than it must. */
export function pageOf<T>(rows: Iterable<T>, bytesOf: (row: T) => number): readonly T[] {
  const page: T[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += bytesOf(row);
    if (page.length > 0 && bytes > pageBytes) {
      break;
    }
    page.push(row);
  }
  return page;
}
