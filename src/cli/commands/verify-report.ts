import { setImmediate } from "node:timers/promises";
import { type Difference, type Report, verify } from "../../audit/index.ts";
import { systemClock } from "../../base/index.ts";
import type { ChangeIndex, Snapshot } from "../../ledger/index.ts";
import { secrets } from "../../secrets/index.ts";
import { tables } from "../../tables.ts";
import { interrupted } from "../failure.ts";
import type { Terminal } from "../terminal.ts";

interface VerifyCommand {
  readonly snapshot: Snapshot;
  readonly index: ChangeIndex;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** Runs `zsc audit verify`; resolves to its exit code: 0 when log and vault are whole, 1 when not. */
export async function runVerify({ snapshot, index, json, terminal }: VerifyCommand): Promise<number> {
  const startedMs = performance.now();
  const total = snapshot.head.seq;
  const onProgress = async (rows: number) => {
    terminal.progress(`${rows} of ${total} rows verified`);
    if (terminal.signal !== undefined) {
      // SQLite waits for nothing: without a pause no Ctrl-C would be heard.
      await setImmediate();
      requireGoing(terminal.signal);
    }
  };
  try {
    const report = await verify({ snapshot, tables, index, clock: systemClock, onProgress });
    terminal.progressDone();
    const seconds = (performance.now() - startedMs) / 1_000;
    terminal.out(json ? jsonOf(report, seconds) : textOf(report, seconds));
    return isWhole(report) ? 0 : 1;
  } catch (error) {
    terminal.progressDone();
    throw error;
  }
}

function requireGoing({ aborted }: AbortSignal): void {
  if (aborted) {
    throw interrupted();
  }
}

function isWhole({ broken, differences }: Report): boolean {
  return broken === null && differences.length === 0;
}

function jsonOf(report: Report, seconds: number): string {
  const { rows, broken } = report;
  const differences = report.differences.map(({ name, seq, why }) => ({ name, seq, why }));
  const head = headText(report);
  const rowsPerSecond = rateOf(report, seconds);
  return JSON.stringify({
    ok: isWhole(report),
    rows,
    head,
    secrets: secretsOf(report),
    broken,
    differences,
    rowsPerSecond,
  });
}

function textOf(report: Report, seconds: number): string {
  const { rows, broken, differences } = report;
  const walked = counted(rows, "row");
  const rate = `${rateOf(report, seconds)} rows/s`;
  if (broken !== null) {
    return [
      `BROKEN at row ${broken.seq}: ${broken.why}`,
      `${walked} walked (${rate}). The vault was not compared with the log.`,
    ].join("\n");
  }
  const chain = [`${walked}: the chain is whole (${rate})`, `head: ${headText(report)}`];
  const vault = [`${counted(secretsOf(report), "secret")}: the vault is what the log says`, "ok"];
  return [...chain, ...(differences.length === 0 ? vault : differences.map(lineOf))].join("\n");
}

/** In the form of a receipt: kept elsewhere, it proves later what the log was. */
function headText({ head }: Report): string {
  return `${head.seq}.${head.rowHash}`;
}

function secretsOf({ records }: Report): number {
  return records.get(secrets) ?? 0;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function lineOf({ table, name, seq, why }: Difference): string {
  const what = name !== null ? JSON.stringify(name) : table === undefined ? "index of the log" : "denial limiter";
  return `BROKEN ${what} (${seq === null ? "no row" : `row ${seq}`}): ${why}`;
}

function rateOf({ rows }: Report, seconds: number): number {
  return Math.round(rows / Math.max(seconds, 0.001));
}
