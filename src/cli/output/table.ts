import { visible } from "./visible.ts";
import { padded, widthOf, wrapped } from "./width.ts";

/** A column of a list. */
export interface Column<R> {
  readonly title: string;
  /** As a person reads it. */
  shown(row: R): string;
  /** As a script reads it: without a terminal. */
  plain(row: R): string;
}

const gap = "  ";

/**
 * Rows aligned for a terminal of so many columns. The first column stays whole, and wraps when it must; of the others those on
 * the right are left out that do not fit.
 */
export function tableLines<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  terminalWidth: number,
): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => visible(column.shown(row))));
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...cells].map((line) => widthOf(line[index] ?? ""))));
  let shown = columns.length;
  const needed = () => widths.slice(0, shown).reduce((sum, width) => sum + width + gap.length, -gap.length);
  while (shown > 1 && needed() > terminalWidth) {
    shown -= 1;
  }
  const firstWidth = Math.min(widths[0] ?? 0, terminalWidth);
  return [titles, ...cells].flatMap((line) => {
    const [first = "", ...others] = line.slice(0, shown);
    const [head = "", ...more] = wrapped(first, firstWidth);
    const rest = others.map((cell, index) => padded(cell, widths[index + 1] ?? 0));
    return [[padded(head, firstWidth), ...rest].join(gap).trimEnd(), ...more];
  });
}

/** One line a row, tab-separated, without a header. What would break a line is written out. */
export function plainLines<R>(columns: readonly Column<R>[], rows: readonly R[]): readonly string[] {
  return rows.map((row) => columns.map((column) => column.plain(row).replace(/[\t\r\n\\]/g, escaped)).join("\t"));
}

function escaped(character: string): string {
  return ({ "\t": "\\t", "\r": "\\r", "\n": "\\n" } as Record<string, string>)[character] ?? "\\\\";
}
