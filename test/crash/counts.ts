/** Calls by their fate, rows by whose they are, and what does not fit. */
export interface Counts {
  acknowledged: number;
  refused: number;
  unavailable: number;
  /** UNAVAILABLE, with a row all the same: allowed when the answer said that this may be. */
  unavailableRecorded: number;
  notSent: number;
  inFlight: number;
  inFlightRecorded: number;
  rows: number;
  /** Rows of the rotation daemon, which answer no call. */
  daemonRows: number;
  /** Of `/v1`: versions written, reads counted under a limit, answers repeated by their key, writers who came too late. */
  newVersions: number;
  countedReads: number;
  repeated: number;
  rivalsRefused: number;
  /** Rows that belong to no call. */
  unaccounted: number;
  /** Acknowledged calls and refusals without their row. */
  lost: number;
  /** Rows beyond the first of a call. */
  doubled: number;
  /** Everything else that contradicts: receipts, values, counters, answers that nobody should get. */
  contradictions: number;
}

export function noCounts(): Counts {
  return {
    acknowledged: 0,
    refused: 0,
    unavailable: 0,
    unavailableRecorded: 0,
    notSent: 0,
    inFlight: 0,
    inFlightRecorded: 0,
    rows: 0,
    daemonRows: 0,
    newVersions: 0,
    countedReads: 0,
    repeated: 0,
    rivalsRefused: 0,
    unaccounted: 0,
    lost: 0,
    doubled: 0,
    contradictions: 0,
  };
}

export function sumOf(all: readonly Counts[]): Counts {
  const sum = noCounts();
  for (const counts of all) {
    for (const key of Object.keys(sum) as (keyof Counts)[]) {
      sum[key] += counts[key];
    }
  }
  return sum;
}
