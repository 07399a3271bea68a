import { pageBytes } from "../../ledger/index.ts";
/** How many rows make one page, from the sizes of the first ones. */
export function countOfPage(sizes: readonly number[]): number {
  return pageOf(sizes, (size) => size).length;
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
