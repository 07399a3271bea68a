import { printJson } from "../output/print.ts";
import { plainLines } from "../output/table.ts";
import { visible } from "../output/visible.ts";
import { padded } from "../output/width.ts";
import type { Style, Terminal } from "../terminal.ts";
import type { Check } from "./check.ts";

const stateWidth = 4;
const nameWidth = 11;

const styles: Readonly<Record<Check["state"], Style>> = { ok: "green", warn: "yellow", FAIL: "red" };

const fields: readonly ((check: Check) => string)[] = [
  ({ state }) => state,
  ({ name }) => name,
  ({ detail }) => visible(detail),
  ({ next }) => visible(next ?? ""),
];
const columns = fields.map((field) => ({ title: "", shown: field, plain: field }));

/** Prints each check once it is known; answers whether none has failed. */
export async function printChecks(terminal: Terminal, checks: AsyncIterable<Check>, json: boolean): Promise<boolean> {
  const all: Check[] = [];
  for await (const check of checks) {
    all.push(check);
    if (!json) {
      terminal.out(terminal.isTerminal ? shown(check, terminal) : plainLines(columns, [check]).join("\n").trimEnd());
    }
  }
  const isWell = all.every(({ state }) => state !== "FAIL");
  if (json) {
    printJson(terminal, { ok: isWell, checks: all });
  }
  return isWell;
}

/** As a person reads it: details are sentences, which a terminal wraps better than columns would. */
function shown({ state, name, detail, next }: Check, terminal: Terminal): string {
  const line = `${terminal.styled(styles[state], padded(state, stateWidth))}  ${padded(name, nameWidth)}  ${visible(detail)}`;
  return next === null ? line : `${line}\n  next: ${visible(next)}`;
}
