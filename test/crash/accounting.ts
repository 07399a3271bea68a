import { isLabel } from "./calls.ts";
import { type Counts, noCounts } from "./counts.ts";
import type { LogRow, VaultPath, VaultSecret } from "./database-view.ts";
import type { Entry, Journal } from "./journal.ts";
import { eventOf, type LoggedEvent, Replay, sameList } from "./replay.ts";
import { contradictionOf } from "./testimony.ts";
import { ApiAccounting, isApiRow } from "./vault-api/accounting.ts";
import type { ApiJournal } from "./vault-api/journal.ts";

export interface Balance {
  readonly counts: Counts;
  /** One sentence for each thing that does not fit. */
  readonly findings: readonly string[];
}

/** What the tables of `/v1` hold. */
interface ApiTables {
  readonly paths: readonly VaultPath[];
  /** The ids of those that come and go. */
  readonly policies: readonly string[];
}

/**
 * Compares what the clients know with what the database holds. It goes along with a run: each `take` settles the calls
 * and rows that came since the one before. A fresh one takes the whole run at once.
 *
 * `take` MUST be called when no call is under way and no server can still write.
 */
export class Accounting {
  readonly #journal: Journal;
  readonly #replay = new Replay();
  readonly #rowOf = new Map<Entry, LogRow>();
  readonly #api: ApiAccounting;
  #settledEntries = 0;
  #lastSeq = 0;

  constructor(journal: Journal, apiJournal: ApiJournal) {
    this.#journal = journal;
    this.#api = new ApiAccounting(apiJournal);
  }

  /** The number of the newest version of each path of `/v1`. */
  newestVersions(): ReadonlyMap<string, number> {
    return this.#api.newest();
  }

  /** `seq` of the last row that was taken. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  take(rows: readonly LogRow[], vault: readonly VaultSecret[], api: ApiTables): Balance {
    const counts = noCounts();
    const findings: string[] = [];
    for (const row of rows) {
      this.#takeRow(row, counts, findings);
    }
    const entries = this.#journal.entries(this.#settledEntries);
    this.#settledEntries += entries.length;
    for (const entry of entries) {
      settle(entry, this.#rowOf.get(entry), counts, findings);
    }
    compareVault(this.#replay, vault, counts, findings);
    this.#api.settle(api.paths, api.policies, counts, findings);
    return { counts, findings };
  }

  #takeRow(row: LogRow, counts: Counts, findings: string[]): void {
    const contradict = (what: string) => {
      counts.contradictions++;
      findings.push(`row ${row.seq} (${row.transition_type} of ${row.origin_id}): ${what}`);
    };
    const event = eventOf(row);
    counts.rows++;
    if (event.seq !== this.#lastSeq + 1) {
      contradict(`it follows row ${this.#lastSeq}`);
    }
    this.#lastSeq = event.seq;
    if (isApiRow(row)) {
      this.#api.takeRow(row, counts, findings);
      return;
    }
    const entry = this.#entryOf(row, event, counts, findings);
    const wanted = this.#replay.secrets.get(event.name)?.valueLabel;
    const wrong = this.#replay.next(event, entry?.kind === "probe");
    if (wrong !== undefined) {
      contradict(wrong);
    }
    const differs = entry && contradictionOf(entry, row, event, wanted);
    if (differs !== undefined) {
      contradict(differs);
    }
  }

  /** The call that left this row, if it is the first row that the call left. */
  #entryOf(row: LogRow, event: LoggedEvent, counts: Counts, findings: string[]): Entry | undefined {
    if (event.payload["purpose"] === "auto_rotated") {
      counts.daemonRows++;
      return undefined;
    }
    const purpose = event.payload["purpose"];
    const entry = this.#journal.find(isLabel(purpose) ? purpose : event.actor, event.name);
    if (entry === undefined) {
      counts.unaccounted++;
      findings.push(`row ${row.seq} (${row.transition_type} of ${row.origin_id}) belongs to no call`);
      return undefined;
    }
    const first = this.#rowOf.get(entry);
    if (first !== undefined) {
      counts.doubled++;
      findings.push(`the call ${entry.label} has two rows: ${first.seq} and ${row.seq}`);
      return undefined;
    }
    this.#rowOf.set(entry, row);
    return entry;
  }
}

/** Does the call have the rows that its client may expect? */
function settle({ label, fate }: Entry, row: LogRow | undefined, counts: Counts, findings: string[]): void {
  switch (fate.kind) {
    case "acknowledged":
    case "refused":
      counts[fate.kind]++;
      if (row !== undefined) {
        return;
      }
      counts.lost++;
      findings.push(`the call ${label} was ${fate.kind} with the receipt ${fate.receipt} and has no row`);
      return;
    case "unavailable":
      counts.unavailable++;
      if (row === undefined) {
        return;
      }
      counts.unavailableRecorded++;
      if (fate.mayBeRecorded) {
        return;
      }
      counts.contradictions++;
      findings.push(`the call ${label} heard that nothing was recorded, and is row ${row.seq}`);
      return;
    case "in_flight":
      counts.inFlight++;
      if (row !== undefined) {
        counts.inFlightRecorded++;
      }
      return;
    case "not_sent":
      counts.notSent++;
      if (row === undefined) {
        return;
      }
      counts.contradictions++;
      findings.push(`the call ${label} was never sent, and is row ${row.seq}`);
      return;
    case "wrong":
      counts.contradictions++;
      findings.push(`the call ${label}: ${fate.why}`);
  }
}

/** Does the vault hold what the log says, counters included? */
function compareVault(replay: Replay, vault: readonly VaultSecret[], counts: Counts, findings: string[]): void {
  const contradict = (what: string) => {
    counts.contradictions++;
    findings.push(what);
  };
  for (const secret of vault) {
    const logged = replay.secrets.get(secret.name);
    const { version, readCount, lastReadZeqond, boundZid } = secret;
    const same =
      logged !== undefined &&
      logged.version === version &&
      logged.readCount === readCount &&
      logged.lastReadZeqond === lastReadZeqond &&
      logged.boundZid === boundZid &&
      logged.valueLabel === secret.purposeTag &&
      sameList(logged.permissions, secret.permissions);
    if (!same) {
      contradict(`the vault's ${secret.name} is ${shown(secret)}, by the log ${shown(logged)}`);
    }
  }
  if (vault.length !== replay.secrets.size) {
    contradict(`the vault has ${vault.length} secrets, the log ${replay.secrets.size}`);
  }
}

function shown(secret: Pick<VaultSecret, "version" | "readCount" | "lastReadZeqond"> | undefined): string {
  if (secret === undefined) {
    return "absent";
  }
  return `version ${secret.version}, read ${secret.readCount} times, last at ${secret.lastReadZeqond}`;
}
