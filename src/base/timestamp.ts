import { VaultError } from "./errors.ts";

const grammar =
  /^(?<date>\d{4}-\d{2}-\d{2})[Tt](?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})(?:\.(?<fraction>\d+))?(?:[Zz]|(?<sign>[+-])(?<offsetHour>\d{2}):(?<offsetMinute>\d{2}))$/;

const firstMs = Date.parse("0000-01-01T00:00:00.000Z");
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * Parses a date and time of RFC 3339, as milliseconds since the Unix epoch. The letters may be lower case; the date has
 * to be of the calendar, and in UTC of the years 0000 to 9999; an offset goes to 23:59, and `-00:00` is UTC. Of a
 * fraction the milliseconds are kept and the rest is cut off.
 *
 * A leap second (`:60`) is accepted where RFC 3339 §5.7 has one, at the end of a June or a December in UTC. Unix time has
 * no number of its own for it: it is the second that follows.
 *
 * @throws VaultError `INVALID_ARGUMENT`.
 */
export function parseTimestamp(text: string): number {
  const unixMs = tryParse(text);
  if (unixMs === null) {
    throw new VaultError("INVALID_ARGUMENT", "a time must be a date and time of RFC 3339, with Z or an offset");
  }
  return unixMs;
}

/** A moment as RFC 3339 in UTC: milliseconds, or no fraction when it is zero (`2026-12-31T23:59:59Z`). */
export function formatTimestamp(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(".000Z", "Z");
}

function tryParse(text: string): number | null {
  const {
    date,
    hour,
    minute,
    second,
    fraction = "",
    sign,
    offsetHour = "00",
    offsetMinute = "00",
  } = grammar.exec(text)?.groups ?? {};
  const midnightMs = date === undefined ? null : tryParseDate(date);
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
  if (midnightMs === null || !isTime || Number(offsetHour) > 23 || Number(offsetMinute) > 59) {
    return null;
  }
  const offset = (sign === "-" ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const seconds = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second);
  const unixMs = midnightMs + seconds * 1_000 + Number(fraction.slice(0, 3).padEnd(3, "0"));
  const isWithin = unixMs >= firstMs && unixMs <= lastMs;
  return isWithin && (second !== "60" || isAfterLeapSecond(unixMs)) ? unixMs : null;
}

/** The first millisecond of a date in UTC; null when the calendar has no such date. */
function tryParseDate(text: string): number | null {
  const unixMs = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(unixMs) && new Date(unixMs).toISOString().startsWith(text) ? unixMs : null;
}

/** Whether a moment lies in the first second of a January or a July. */
function isAfterLeapSecond(unixMs: number): boolean {
  return /^\d{4}-0[17]-01T00:00:00/.test(new Date(unixMs).toISOString());
}
