import { BoundedMap, type Moment, VaultError } from "../base/index.ts";
import { type AddressRange, type IpAddress, isInRange, tryParseRange } from "./address.ts";
import { isInWindow, type TimeWindow, tryParseWindow } from "./time-window.ts";

const maxAllowlist = 256;

/** What has to hold, beside pattern and permission, for a policy to count. All of it has to. Null: no such condition. */
export interface Conditions {
  readonly addresses: readonly AddressRange[] | null;
  readonly window: TimeWindow | null;
  /** Conditions were stored that this program cannot evaluate: whether they hold is not known. */
  readonly isUnreadable: boolean;
}

/** Null: not known. */
type Holds = boolean | null;

const unreadable: Conditions = { addresses: null, window: null, isUnreadable: true };

/**
 * Parses the `conditions` of a policy: a JSON object with any of `ip_allowlist` (1 to 256 addresses and CIDR ranges) and
 * `time_window` (`after` and `before` as `HH:MM`, `timezone` as `UTC`, which is the default, or a name of the IANA
 * database). Whatever else is in it is refused, and so is every condition that could not be evaluated: stored in a deny,
 * it would open.
 *
 * @throws VaultError `INVALID_ARGUMENT`.
 */
export function parseConditions(json: unknown): Conditions {
  const { ip_allowlist, time_window, ...others } = parseObject(json, "conditions");
  if (Object.keys(others).length > 0) {
    throw new VaultError("INVALID_ARGUMENT", "conditions other than ip_allowlist and time_window are not supported");
  }
  return {
    addresses: ip_allowlist === undefined ? null : parseAllowlist(ip_allowlist),
    window: time_window === undefined ? null : parseWindow(time_window),
    isUnreadable: false,
  };
}

/**
 * Takes back conditions that were stored. Never throws: what an older program cannot read of a newer one's conditions,
 * or of a time zone that its database does not name, is not known to hold.
 */
export function restoreConditions(text: string): Conditions {
  const known = restored.get(text);
  if (known !== undefined) {
    return known;
  }
  const conditions = tryParseConditions(text);
  restored.set(text, conditions);
  return conditions;
}

/** By their text: the same policies are evaluated again and again. */
const maxRestored = 2_000;
const restored = new BoundedMap<Conditions>(maxRestored);

function tryParseConditions(text: string): Conditions {
  try {
    return parseConditions(JSON.parse(text));
  } catch (error) {
    if (error instanceof VaultError || error instanceof SyntaxError) {
      return unreadable;
    }
    throw error;
  }
}

/**
 * Whether conditions hold for a call of this moment from this address (null: not known).
 *
 * Callers MUST NOT take "not known" for the answer that opens: an allow does not count then, and a deny does.
 */
export function conditionsHold(conditions: Conditions, now: Moment, address: IpAddress | null): Holds {
  const { addresses, window, isUnreadable } = conditions;
  if (window !== null && !isInWindow(window, now.unixMs)) {
    return false;
  }
  if (isUnreadable || (addresses !== null && address === null)) {
    return null;
  }
  return addresses === null || addresses.some((range) => address !== null && isInRange(range, address));
}

function parseAllowlist(json: unknown): readonly AddressRange[] {
  if (!Array.isArray(json) || json.length === 0 || json.length > maxAllowlist) {
    throw new VaultError("INVALID_ARGUMENT", `ip_allowlist must be a list of 1 to ${maxAllowlist} entries`);
  }
  return json.map((entry: unknown) => {
    const range = typeof entry === "string" ? tryParseRange(entry) : null;
    if (range === null) {
      throw new VaultError("INVALID_ARGUMENT", "ip_allowlist must hold IP addresses and CIDR ranges");
    }
    return range;
  });
}

function parseWindow(json: unknown): TimeWindow {
  const { after, before, timezone = "UTC", ...others } = parseObject(json, "time_window");
  if (Object.keys(others).length > 0) {
    throw new VaultError("INVALID_ARGUMENT", "time_window must hold after, before and timezone only");
  }
  const areTexts = typeof after === "string" && typeof before === "string" && typeof timezone === "string";
  const window = areTexts ? tryParseWindow(after, before, timezone) : null;
  if (window === null) {
    throw new VaultError(
      "INVALID_ARGUMENT",
      "time_window must hold after and before as HH:MM, not equal, and timezone as UTC or an IANA name",
    );
  }
  return window;
}

function parseObject(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json) || inherits(json)) {
    throw new VaultError("INVALID_ARGUMENT", `${what} must be an object`);
  }
  return json as Readonly<Record<string, unknown>>;
}

/** Whether an object has more behind it than `Object.prototype`: a key `__proto__` can do that, and hides others. */
function inherits(json: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(json);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}
