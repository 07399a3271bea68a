import type { Counts } from "./counts.ts";

const maxFindings = 12;

/** Prints one line and, below it, what is wrong. Returns what it was given. */
export function tell(passed: boolean, text: string, findings: readonly string[]): boolean {
  console.log(`${passed ? "ok  " : "FAIL"} ${text}`);
  for (const finding of findings.slice(0, maxFindings)) {
    console.log(`       ${finding}`);
  }
  if (findings.length > maxFindings) {
    console.log(`       and ${findings.length - maxFindings} more`);
  }
  return passed;
}

/** The calls of a round by their fate, for its line. */
export function callsOf({ acknowledged, refused, unavailable, inFlight, inFlightRecorded, rows }: Counts): string {
  const answered = `${acknowledged} acknowledged, ${refused} refused, ${unavailable} unavailable`;
  return `${answered}, ${inFlight} in flight (${inFlightRecorded} recorded), ${rows} rows`;
}

const words: Readonly<Record<keyof Counts, string>> = {
  acknowledged: "acknowledged",
  refused: "refused",
  unavailable: "unavailable",
  unavailableRecorded: "  of these recorded",
  notSent: "not sent",
  inFlight: "in flight",
  inFlightRecorded: "  of these recorded",
  rows: "rows",
  daemonRows: "  of these the daemon's",
  newVersions: "/v1: versions written",
  countedReads: "/v1: reads counted",
  repeated: "/v1: answers repeated",
  rivalsRefused: "/v1: rivals refused",
  unaccounted: "unaccounted",
  lost: "lost",
  doubled: "doubled",
  contradictions: "contradictions",
};

/** The closing table: a column for each scene. */
export function table(columns: readonly (readonly [title: string, counts: Counts])[]): string {
  const line = (head: string, cells: readonly string[]) =>
    [head.padEnd(24), ...cells.map((cell) => cell.padStart(18))].join("");
  const heads = line(
    "",
    columns.map(([title]) => title),
  );
  const rows = (Object.keys(words) as (keyof Counts)[]).map((key) =>
    line(
      words[key],
      columns.map(([, counts]) => counts[key].toLocaleString("en")),
    ),
  );
  return [heads, ...rows].join("\n");
}
