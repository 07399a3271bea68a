import { reachOf } from "./reach.ts";
import { type Ratio, type Row, type RunResult, type SectionResult, type Spread, spreadOf } from "./results.ts";

type Cells = readonly string[];

/** The whole run as Markdown, which reads as well on a terminal. */
export function reportOf(result: RunResult): string {
  return [headingOf(result), ...result.sections.map(sectionText), ...reachText(result)].join("\n\n");
}

/** When and where it was measured. */
export function headingOf({ at, environment }: RunResult): string {
  const facts = Object.entries(environment).map(([name, value]) => `${name} ${value}`);
  return `Measured ${at.slice(0, 10)}: ${facts.join(", ")}.`;
}

/** What is to be reached, and what was; nothing when no figure of it was measured. */
export function reachText(result: RunResult): readonly string[] {
  const lines = reachOf(result).map(({ what, wanted, median, reached }) => [
    what,
    wanted,
    numberText(median),
    reached ? "yes" : "no",
  ]);
  return lines.length === 0 ? [] : [`### Reach\n\n${tableOf([["", "wanted", "median", "reached"], ...lines])}`];
}

export function sectionText({ name, title, about, unit, rows }: SectionResult): string {
  return `### ${title} (\`${name}\`)\n\n${about}\n\n${tableOf([headOf(unit), ...rows.map(cellsOf)])}`;
}

function headOf(unit: string): Cells {
  return ["", "in flight", unit, "p50 ms", "p99 ms", "CPU µs", "ratio"];
}

function cellsOf({ what, inFlight, samples, ratios }: Row): Cells {
  return [
    what,
    inFlight === undefined ? "" : String(inFlight),
    rangeText(spreadOf(samples.map(({ value }) => value))),
    medianText(spreadOf(samples.map(({ p50Ms }) => p50Ms))),
    medianText(spreadOf(samples.map(({ p99Ms }) => p99Ms))),
    cpuText(samples),
    ratios.map(ratioText).join("; "),
  ];
}

function cpuText(samples: Row["samples"]): string {
  const server = medianText(spreadOf(samples.map(({ serverCpuUs }) => serverCpuUs)));
  const database = medianText(spreadOf(samples.map(({ databaseCpuUs }) => databaseCpuUs)));
  return database === "" ? server : `${server} + ${database}`;
}

function ratioText({ of, values }: Ratio): string {
  const spread = spreadOf(values);
  return spread === undefined ? "" : `${rangeText(spread)} ${of}`;
}

/** Median, and the range when there is one. */
export function rangeText(spread: Spread | undefined): string {
  if (spread === undefined) {
    return "";
  }
  const { median, lowest, highest } = spread;
  return lowest === highest
    ? numberText(median)
    : `${numberText(median)} (${numberText(lowest)}–${numberText(highest)})`;
}

function medianText(spread: Spread | undefined): string {
  return spread === undefined ? "" : numberText(spread.median);
}

/** Three digits that count, or all of them before the point. */
export function numberText(value: number): string {
  if (Math.abs(value) >= 100) {
    return Math.round(value).toLocaleString("en");
  }
  return value.toPrecision(value < 1 ? 2 : 3);
}

/** A Markdown table with aligned columns; those without any content are left out. */
export function tableOf([head = [], ...body]: readonly Cells[]): string {
  const kept = head.map((_, column) => column).filter((column) => body.some((cells) => (cells[column] ?? "") !== ""));
  const widths = kept.map((column) => Math.max(3, ...[head, ...body].map((cells) => (cells[column] ?? "").length)));
  const line = (cells: Cells) =>
    `| ${kept.map((column, at) => padded(cells[column] ?? "", widths[at] ?? 0, column > 0)).join(" | ")} |`;
  const rule = `|${kept.map((column, at) => `${"-".repeat((widths[at] ?? 0) + 1)}${column > 0 ? ":" : "-"}`).join("|")}|`;
  return [line(head), rule, ...body.map(line)].join("\n");
}

function padded(text: string, width: number, isNumber: boolean): string {
  return isNumber ? text.padStart(width) : text.padEnd(width);
}
