import { secretValueOf } from "../calls.ts";
import type { Counts } from "../counts.ts";
import type { LogRow, VaultPath } from "../database-view.ts";
import type { ApiCall, ApiKind } from "./calls.ts";
import type { ApiEntry, ApiFate, ApiJournal } from "./journal.ts";
import { ApiReplay, type LoggedPath, type Verdict } from "./replay.ts";

/** Rows of `/v1` are named with a dot: `secret.read`. */
export function isApiRow({ transition_type: type }: LogRow): boolean {
  return type.includes(".");
}

interface ApiEvent {
  readonly type: string;
  readonly address: string | undefined;
  readonly resourceId: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const typesOf: Readonly<Record<ApiKind, string>> = {
  put: "secret.write",
  get: "secret.read",
  getVersion: "secret.read",
  disable: "secret.version_disable",
  delete: "secret.delete",
  policyCreate: "policy.create",
  policyDelete: "policy.delete",
  agentRotate: "agent.rotate_key",
  exchange: "auth.success",
  setUp: "",
};

/** Events of the preparation that no call of a client left. */
const preparation: ReadonlySet<string> = new Set(["user.create", "api_key.create", "org.create"]);

/** The books of `/v1`: the other half of `Accounting`, with the same rules. */
export class ApiAccounting {
  readonly #journal: ApiJournal;
  readonly #replay = new ApiReplay();
  readonly #rowOf = new Map<ApiEntry, LogRow>();
  /** Rows of exchanges: they do not say where the client is, so that only a receipt finds their call. */
  #exchangeRows: LogRow[] = [];
  #settledEntries = 0;

  constructor(journal: ApiJournal) {
    this.#journal = journal;
  }

  /** The number of the newest version of each path, by the log. */
  newest(): ReadonlyMap<string, number> {
    return new Map([...this.#replay.paths].map(([path, { versions }]) => [path, versions.length]));
  }

  takeRow(row: LogRow, counts: Counts, findings: string[]): void {
    const event = eventOf(row);
    if (event.type === "auth.success" || event.type === "auth.failure") {
      this.#exchangeRows.push(row);
      return;
    }
    const entry = event.address === undefined ? undefined : this.#journal.find(event.address);
    if (entry === undefined && preparation.has(event.type)) {
      return;
    }
    if (entry === undefined) {
      counts.unaccounted++;
      findings.push(`row ${row.seq} (${row.transition_type} of ${row.origin_id}) belongs to no call`);
      return;
    }
    const first = this.#rowOf.get(entry);
    if (first !== undefined) {
      counts.doubled++;
      findings.push(`the call ${entry.call.label} has two rows: ${first.seq} and ${row.seq}`);
      return;
    }
    this.#rowOf.set(entry, row);
    const wrong = this.#contradictionOf(entry, row, event, counts);
    if (wrong !== undefined) {
      counts.contradictions++;
      findings.push(`row ${row.seq} (${row.transition_type} of ${row.origin_id}): ${wrong}`);
    }
  }

  #contradictionOf(entry: ApiEntry, row: LogRow, event: ApiEvent, counts: Counts): string | undefined {
    const { call, fate } = entry;
    if (call.kind === "setUp") {
      return undefined;
    }
    const expected = this.#replay.judge(call);
    const isRefusal = expected.status >= 400;
    const differs = isRefusal ? refusalDiffers(event, expected) : outcomeDiffers(call, event, expected);
    if (!isRefusal) {
      this.#count(call, expected, counts);
      this.#replay.take(call, expected, event.resourceId);
    } else if (expected.status === 412) {
      counts.rivalsRefused++;
    }
    return differs ?? this.#answerDiffers(call, fate, row, event, expected);
  }

  #count({ kind, path = "" }: ApiCall, { version = 0, isRepeated }: Verdict, counts: Counts): void {
    if (isRepeated === true) {
      counts.repeated++;
    } else if (kind === "put") {
      counts.newVersions++;
    } else if (kind === "get" || kind === "getVersion") {
      const isLimited = this.#replay.paths.get(path)?.versions[version - 1]?.maxReads !== undefined;
      counts.countedReads += isLimited ? 1 : 0;
    }
  }

  /** Where the client was told something else than what stands in the row. */
  #answerDiffers(
    { label, kind, path = "" }: ApiCall,
    fate: ApiFate,
    row: LogRow,
    event: ApiEvent,
    { status, version }: Verdict,
  ): string | undefined {
    if (fate.kind !== "answered") {
      return undefined;
    }
    if (fate.receipt !== receiptOf(row)) {
      return `the receipt of ${label} is ${fate.receipt}`;
    }
    if (fate.status !== status) {
      return `the call ${label} was answered with ${fate.status}, and it had to be ${status}`;
    }
    if (status >= 300 || (kind !== "put" && kind !== "get" && kind !== "getVersion")) {
      return undefined;
    }
    const { id, value } = fate.body;
    if (fate.body["version"] !== version || id !== event.resourceId) {
      return `the call ${label} was told of version ${fate.body["version"]}, ${id}`;
    }
    const valueLabel = this.#replay.paths.get(path)?.versions[(version ?? 0) - 1]?.valueLabel;
    const isRight = kind === "put" ? value === undefined : value === secretValueOf(valueLabel ?? "");
    return isRight ? undefined : `the call ${label} did not get the value of the call ${valueLabel}`;
  }

  /** Settles the calls that came since the last time, and compares the tables with the log. */
  settle(vault: readonly VaultPath[], policies: readonly string[], counts: Counts, findings: string[]): void {
    const contradict = (what: string) => {
      counts.contradictions++;
      findings.push(what);
    };
    const entries = this.#journal.entries(this.#settledEntries);
    this.#settledEntries += entries.length;
    this.#settleExchanges(entries.filter(isExchange), contradict);
    for (const entry of entries) {
      settle(entry, this.#rowOf.get(entry), counts, contradict, (why) => {
        counts.lost++;
        findings.push(why);
      });
    }
    compare(this.#replay, vault, policies, contradict);
  }

  /** An exchange that was answered has its row; every other row of an exchange is one that was not answered. */
  #settleExchanges(entries: readonly ApiEntry[], contradict: (what: string) => void): void {
    const rows = new Map(this.#exchangeRows.map((row) => [receiptOf(row), row]));
    this.#exchangeRows = [];
    for (const entry of entries) {
      const { call, fate } = entry;
      if (fate.kind !== "answered") {
        continue;
      }
      const row = rows.get(fate.receipt ?? "");
      rows.delete(fate.receipt ?? "");
      if (row === undefined) {
        continue;
      }
      this.#rowOf.set(entry, row);
      const expected = call.kind === "setUp" ? 200 : this.#replay.judge(call).status;
      const type = expected === 200 ? "auth.success" : "auth.failure";
      if (fate.status !== expected || row.transition_type !== type) {
        contradict(`the exchange ${call.label} was answered with ${fate.status}, and it had to be ${expected}`);
      }
    }
    const unanswered = entries.filter(({ fate }) => fate.kind === "in_flight" || fate.kind === "unavailable").length;
    if (rows.size > unanswered) {
      contradict(`${rows.size} rows of exchanges belong to ${unanswered} calls at most`);
    }
  }
}

function isExchange({ call }: ApiEntry): boolean {
  return call.kind === "exchange" || call.request?.path.startsWith("/v1/auth/") === true;
}

/** Does the call have the row that its client may expect? */
function settle(
  { call: { label }, fate }: ApiEntry,
  row: LogRow | undefined,
  counts: Counts,
  contradict: (what: string) => void,
  lose: (what: string) => void,
): void {
  switch (fate.kind) {
    case "answered":
      counts[fate.status < 300 ? "acknowledged" : "refused"]++;
      if (row === undefined) {
        lose(`the call ${label} was answered with ${fate.status}, with the receipt ${fate.receipt}, and has no row`);
      }
      return;
    case "unavailable":
      counts.unavailable++;
      counts.unavailableRecorded += row === undefined ? 0 : 1;
      return;
    case "in_flight":
      counts.inFlight++;
      counts.inFlightRecorded += row === undefined ? 0 : 1;
      return;
    case "not_sent":
      counts.notSent++;
      if (row !== undefined) {
        contradict(`the call ${label} was never sent, and is row ${row.seq}`);
      }
      return;
    case "wrong":
      contradict(`the call ${label}: ${fate.why}`);
  }
}

function refusalDiffers({ type, details }: ApiEvent, { status }: Verdict): string | undefined {
  return type.endsWith(".denied") && details["status"] === status
    ? undefined
    : `it says ${details["status"]}, and the rows before it say ${status}`;
}

function outcomeDiffers({ kind }: ApiCall, event: ApiEvent, { status, version, isRepeated }: Verdict) {
  const { type, details } = event;
  if (type !== typesOf[kind]) {
    return `it says ${details["status"]}, and the rows before it say ${status}`;
  }
  if (version !== undefined && details["version"] !== version) {
    return `it is about version ${details["version"]}, and the rows before it say ${version}`;
  }
  return (details["replayed"] === true) === (isRepeated === true) ? undefined : "it repeats an answer, or does not";
}

function eventOf(row: LogRow): ApiEvent {
  const { ip_address: address, resource_id: resourceId, details } = JSON.parse(row.payload_json);
  return { type: row.transition_type, address, resourceId, details: details ?? {} };
}

function receiptOf({ seq, row_hash }: LogRow): string {
  return `${seq}.${row_hash}`;
}

/** Does the vault hold what the log says: numbers without gaps, reads as counted, policies that are in force? */
function compare(
  { paths, policies }: ApiReplay,
  vault: readonly VaultPath[],
  stored: readonly string[],
  contradict: (what: string) => void,
): void {
  for (const found of vault) {
    const logged = paths.get(found.path);
    const [one, other] = [JSON.stringify(found), JSON.stringify(logged && shown(found.path, logged))];
    if (one !== other) {
      contradict(`the vault's path is ${one}, by the log ${other}`);
    }
  }
  if (vault.length !== paths.size) {
    contradict(`the vault has ${vault.length} paths, the log ${paths.size}`);
  }
  if ([...policies].some((id) => !stored.includes(id)) || stored.length !== policies.size) {
    contradict(`the guest has ${stored.length} policies, by the log ${policies.size}`);
  }
}

/** In the form of the tables. */
function shown(path: string, { versions, firstNumber, isDeleted }: LoggedPath): VaultPath {
  const states = versions.map(({ maxReads, reads, isDisabled }, index) => {
    const isKept = index + 1 >= firstNumber;
    return {
      number: index + 1,
      limit: maxReads ?? null,
      reads: isKept ? reads : 0,
      isDisabled: isKept && isDisabled,
    };
  });
  return { path, firstNumber, isDeleted, versions: states };
}
