import type { Terminal } from "../terminal.ts";
import { type Column, plainLines, tableLines } from "./table.ts";
import { visible } from "./visible.ts";
import { padded } from "./width.ts";

/** A list: a table for people, lines for scripts. */
export function printRows<R>(terminal: Terminal, columns: readonly Column<R>[], rows: readonly R[]): void {
  if (rows.length === 0) {
    return;
  }
  if (terminal.isTerminal) {
    const [head = "", ...lines] = tableLines(columns, rows, terminal.width);
    terminal.out([terminal.styled("bold", head), ...lines].join("\n"));
  } else {
    terminal.out(plainLines(columns, rows).join("\n"));
  }
}

/** Fields, one a line. */
export function printFields(terminal: Terminal, fields: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length));
  const line = ([name, value]: readonly [string, string]) =>
    terminal.isTerminal ? `${padded(`${name}:`, width + 1)} ${visible(value)}`.trimEnd() : `${name}\t${value}`;
  terminal.out(fields.map(line).join("\n"));
}

/** One JSON document, with the receipt of the call where there is one. */
export function printJson(terminal: Terminal, answer: object, receipt?: string): void {
  terminal.out(JSON.stringify({ ok: true, ...answer, ...(receipt === undefined ? {} : { receipt }) }));
}
