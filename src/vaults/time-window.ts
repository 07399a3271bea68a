import { BoundedMap } from "../base/index.ts";

/** A part of each day. Made by `tryParseWindow` only. */
export interface TimeWindow {
  /** Minutes since midnight, inclusive. */
  readonly afterMinute: number;
  /** Minutes since midnight, exclusive. Below `afterMinute`: the window goes over midnight. Never equal to it. */
  readonly beforeMinute: number;
  /** `UTC` or a name of the IANA time zone database. */
  readonly timeZone: string;
}

/** A formatter takes 70 µs to make and about 1 µs to use. There are 600 names, and few of them in one deployment. */
const formatters = new BoundedMap<Intl.DateTimeFormat>(64);

const timeOfDay = /^(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d)$/;
const zoneName = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;
/** ICU knows more names of three letters, which IANA does not and which mean another zone than readers expect. */
const shortZones = new Set("CET EET EST GMT HST MET MST PRC ROC ROK UCT UTC WET".split(" "));
const maxZoneLength = 64;

/**
 * Makes a window of two times of day (`HH:MM`, 00:00 to 23:59) and the name of a time zone; null when a time is
 * malformed, both are equal, or the zone is neither UTC nor of the IANA database. Offsets are no names.
 */
export function tryParseWindow(after: string, before: string, timeZone: string): TimeWindow | null {
  const afterMinute = tryParseMinute(after);
  const beforeMinute = tryParseMinute(before);
  if (afterMinute === null || beforeMinute === null || afterMinute === beforeMinute || !isTimeZone(timeZone)) {
    return null;
  }
  return { afterMinute, beforeMinute, timeZone };
}

/** Whether a moment lies in the window, by the clock on a wall in its zone. */
export function isInWindow({ afterMinute, beforeMinute, timeZone }: TimeWindow, unixMs: number): boolean {
  const minute = tryParseMinute(formatterOf(timeZone).format(unixMs)) ?? Number.NaN;
  return afterMinute < beforeMinute
    ? minute >= afterMinute && minute < beforeMinute
    : minute >= afterMinute || minute < beforeMinute;
}

function tryParseMinute(text: string): number | null {
  const { hour, minute } = timeOfDay.exec(text)?.groups ?? {};
  return hour === undefined ? null : Number(hour) * 60 + Number(minute);
}

function isTimeZone(name: string): boolean {
  if (name.length > maxZoneLength || !zoneName.test(name) || /^SystemV\//i.test(name)) {
    return false;
  }
  if (name.length === 3 && !shortZones.has(name.toUpperCase())) {
    return false;
  }
  try {
    formatterOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) {
      return false;
    }
    throw error;
  }
}

/** Throws a RangeError when there is no such zone. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) {
    return known;
  }
  const options = { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const formatter = new Intl.DateTimeFormat("en-US", options);
  formatters.set(timeZone, formatter);
  return formatter;
}
