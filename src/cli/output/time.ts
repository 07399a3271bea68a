import { parseTimestamp, zeqondMs } from "../../base/index.ts";

const steps: readonly (readonly [unit: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
];

/** `3 h ago`, `in 14 h`, `now`. */
export function relativeTime(unixMs: number, nowMs: number): string {
  const distance = Math.abs(unixMs - nowMs);
  const [unit, ms] = steps.find(([, step]) => distance >= step) ?? [];
  if (unit === undefined || ms === undefined) {
    return "now";
  }
  const count = `${Math.floor(distance / ms)} ${unit}`;
  return unixMs > nowMs ? `in ${count}` : `${count} ago`;
}

/** The beginning of a Zeqond, Unix milliseconds. */
export function msOfZeqond(zeqond: number): number {
  return zeqond * zeqondMs;
}

export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** A moment with its distance for people, and alone for scripts. */
export function timeFor({ isTerminal }: { readonly isTerminal: boolean }, unixMs: number): string {
  const iso = isoTime(unixMs);
  return isTerminal ? `${relativeTime(unixMs, Date.now())} (${iso})` : iso;
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A duration as `30d`, `12h`, `10s`, in milliseconds; undefined for any other text. */
export function tryParseDuration(text: string): number | undefined {
  const [, count, unit = ""] = /^([1-9][0-9]{0,8})(ms|[smhdw])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (unit === "ms" ? 1 : (units[unit] ?? 0));
}

/** A moment as `2026-11-27T08:00:00Z`, or so long before `nowMs` as `24h`, Unix milliseconds; undefined for any other text. */
export function tryParseMoment(text: string, nowMs: number): number | undefined {
  const before = tryParseDuration(text);
  if (before !== undefined) {
    return nowMs - before;
  }
  try {
    return parseTimestamp(text);
  } catch {
    return undefined;
  }
}
