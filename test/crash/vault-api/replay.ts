import { type ApiCall, isGuestPath } from "./calls.ts";

/** A version as the log alone says that it is. */
export interface LoggedVersion {
  /** The label of the call that gave it its value. */
  readonly valueLabel: string;
  readonly maxReads: number | undefined;
  reads: number;
  isDisabled: boolean;
}

/** A path as the log alone says that it is. */
export interface LoggedPath {
  /** From number 1. */
  readonly versions: LoggedVersion[];
  firstNumber: number;
  isDeleted: boolean;
}

/** What a call must come to at its place in the chain. */
export interface Verdict {
  readonly status: number;
  /** The number of the version that it is about. */
  readonly version?: number;
  /** Whether an answer is repeated. */
  readonly isRepeated?: boolean;
}

/** Builds from the rows of the log what the vault must hold, by rules written down a second time here. */
export class ApiReplay {
  readonly paths = new Map<string, LoggedPath>();
  readonly policies = new Set<string>();
  /** By idempotency key: the version that the answer was about. */
  readonly #answered = new Map<string, number>();

  /** What a call must come to now. */
  judge(call: ApiCall): Verdict {
    const { kind, path = "" } = call;
    switch (kind) {
      case "policyCreate":
        return { status: 201 };
      case "policyDelete":
        return { status: this.policies.has(call.policyId ?? "") ? 204 : 404 };
      case "agentRotate":
        return { status: 200 };
      case "exchange":
        return { status: call.isLastKey === true ? 200 : 401 };
      case "setUp":
        return { status: 200 };
      default:
        return this.#mayUse(call) ? this.#judgeSecret(call, this.paths.get(path)) : { status: 403 };
    }
  }

  #mayUse({ who, kind, path = "" }: ApiCall): boolean {
    const reads = kind === "get" || kind === "getVersion";
    return who !== "guest" || (reads && isGuestPath(path) && this.policies.size > 0);
  }

  #judgeSecret(call: ApiCall, path: LoggedPath | undefined): Verdict {
    const { kind, idempotencyKey, ifMatch, version } = call;
    const newest = path?.versions.length ?? 0;
    const repeated = idempotencyKey === undefined ? undefined : this.#answered.get(idempotencyKey);
    if (repeated !== undefined) {
      const isLive = liveVersion(path, repeated) !== undefined;
      return isLive ? { status: kind === "put" ? 201 : 200, version: repeated, isRepeated: true } : { status: 410 };
    }
    switch (kind) {
      case "put": {
        const current = path === undefined || path.isDeleted ? undefined : newest;
        return ifMatch !== undefined && ifMatch !== current ? { status: 412 } : { status: 201, version: newest + 1 };
      }
      case "delete":
        return { status: path === undefined || path.isDeleted ? 404 : 204 };
      case "disable":
        if (path === undefined || (version ?? 0) > newest) {
          return { status: 404 };
        }
        return isGone(path, version ?? 0) ? { status: 410 } : { status: 204, version: version ?? 0 };
      default:
        return judgeRead(path, version ?? newest);
    }
  }

  /** Takes a call that was carried out. */
  take(call: ApiCall, verdict: Verdict, resourceId: string): void {
    const { kind, path = "", idempotencyKey, valueLabel = "", maxReads } = call;
    const { version = 0, isRepeated = false } = verdict;
    if (kind === "policyCreate") {
      this.policies.add(resourceId);
    } else if (kind === "policyDelete") {
      this.policies.delete(call.policyId ?? "");
    }
    if (isRepeated) {
      return;
    }
    if (idempotencyKey !== undefined) {
      this.#answered.set(idempotencyKey, version);
    }
    const known = this.paths.get(path);
    if (kind === "put") {
      const put = known ?? { versions: [], firstNumber: 1, isDeleted: false };
      put.versions.push({ valueLabel, maxReads, reads: 0, isDisabled: false });
      Object.assign(put, put.isDeleted ? { firstNumber: version, isDeleted: false } : {});
      this.paths.set(path, put);
    } else if (kind === "delete" && known !== undefined) {
      known.isDeleted = true;
    }
    const changed = known?.versions[version - 1];
    if (kind === "disable" && changed !== undefined) {
      changed.isDisabled = true;
    } else if ((kind === "get" || kind === "getVersion") && changed?.maxReads !== undefined) {
      changed.reads += 1;
    }
  }
}

function judgeRead(path: LoggedPath | undefined, number: number): Verdict {
  if (path === undefined || number > path.versions.length) {
    return { status: 404 };
  }
  const version = liveVersion(path, number);
  const isUsedUp = version?.maxReads !== undefined && version.reads >= version.maxReads;
  return version === undefined || isUsedUp ? { status: 410 } : { status: 200, version: number };
}

function isGone(path: LoggedPath, number: number): boolean {
  return path.isDeleted || number < path.firstNumber;
}

/** Undefined when it was deleted or disabled. */
function liveVersion(path: LoggedPath | undefined, number: number): LoggedVersion | undefined {
  const version = path?.versions[number - 1];
  return path === undefined || version?.isDisabled !== false || isGone(path, number) ? undefined : version;
}
