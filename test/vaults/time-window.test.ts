import fc from "fast-check";
import { isInWindow, tryParseWindow } from "../../src/vaults/time-window.ts";

function isIn(after: string, before: string, zone: string, iso: string): boolean {
  const window = tryParseWindow(after, before, zone);
  if (window === null) {
    throw new Error("not a window");
  }
  return isInWindow(window, Date.parse(iso));
}

describe("a time window", () => {
  test.each<[string, string, string, string, boolean]>([
    ["09:00", "17:00", "UTC", "2026-06-01T08:59:59.999Z", false],
    ["09:00", "17:00", "UTC", "2026-06-01T09:00:00Z", true],
    ["09:00", "17:00", "UTC", "2026-06-01T16:59:59.999Z", true],
    ["09:00", "17:00", "UTC", "2026-06-01T17:00:00Z", false],
    ["09:00", "09:01", "UTC", "2026-06-01T09:00:59.999Z", true],
    ["22:00", "06:00", "UTC", "2026-06-01T22:00:00Z", true],
    ["22:00", "06:00", "UTC", "2026-06-01T00:00:00Z", true],
    ["22:00", "06:00", "UTC", "2026-06-01T05:59:59.999Z", true],
    ["22:00", "06:00", "UTC", "2026-06-01T06:00:00Z", false],
    ["22:00", "06:00", "UTC", "2026-06-01T21:59:59.999Z", false],
    ["00:00", "23:59", "UTC", "2026-06-01T23:59:00Z", false],
    ["00:00", "23:59", "UTC", "2026-06-01T00:00:00Z", true],
    ["09:00", "00:00", "UTC", "2026-06-01T23:59:59.999Z", true],
    ["09:00", "00:00", "UTC", "2026-06-01T00:00:00Z", false],
    ["00:00", "09:00", "UTC", "2026-06-01T00:00:00Z", true],
    // 2 hours ahead in summer, 1 in winter
    ["09:00", "17:00", "Europe/Zurich", "2026-06-01T07:00:00Z", true],
    ["09:00", "17:00", "Europe/Zurich", "2026-06-01T15:00:00Z", false],
    ["09:00", "17:00", "Europe/Zurich", "2026-12-01T07:59:59Z", false],
    ["09:00", "17:00", "Europe/Zurich", "2026-12-01T15:59:59Z", true],
    // The clock goes from 02:00 to 03:00, and from 03:00 back to 02:00.
    ["02:00", "03:00", "Europe/Zurich", "2026-03-29T00:59:59Z", false],
    ["02:00", "03:00", "Europe/Zurich", "2026-03-29T01:00:00Z", false],
    ["02:00", "03:00", "Europe/Zurich", "2026-10-25T00:30:00Z", true],
    ["02:00", "03:00", "Europe/Zurich", "2026-10-25T01:30:00Z", true],
    ["02:00", "03:00", "Europe/Zurich", "2026-10-25T02:00:00Z", false],
    ["05:45", "05:46", "Asia/Kathmandu", "2026-06-01T00:00:00Z", true],
    ["14:00", "14:01", "Pacific/Kiritimati", "2026-06-01T00:00:00Z", true],
    ["13:00", "13:01", "Pacific/Niue", "2026-06-01T00:00:00Z", true],
    ["09:00", "17:00", "america/new_york", "2026-06-01T13:00:00Z", true],
    ["09:00", "17:00", "utc", "2026-06-01T09:00:00Z", true],
    ["07:00", "08:00", "Etc/GMT+5", "2026-06-01T12:00:00Z", true],
  ])("from %s to %s in %s holds %s: %s", (after, before, zone, iso, held) =>
    expect(isIn(after, before, zone, iso)).toBe(held),
  );

  test.each([
    ["09:00", "09:00"],
    ["00:00", "00:00"],
    ["24:00", "09:00"],
    ["09:00", "24:00"],
    ["9:00", "17:00"],
    ["09:0", "17:00"],
    ["09:60", "17:00"],
    ["0900", "1700"],
    ["09:00:00", "17:00:00"],
    ["09.00", "17.00"],
    [" 09:00", "17:00"],
    ["09:00\n", "17:00"],
    ["09:00 AM", "17:00"],
    ["-9:00", "17:00"],
    ["٠٩:٠٠", "17:00"],
    ["", "17:00"],
    ["09:00", ""],
  ])("cannot go from %j to %j", (after, before) => expect(tryParseWindow(after, before, "UTC")).toBeNull());

  test.each([
    "UTC",
    "GMT",
    "CET",
    "EST",
    "Japan",
    "EST5EDT",
    "Europe/Zurich",
    "America/Argentina/Ushuaia",
    "Etc/GMT-14",
  ])("can be in %s", (zone) => expect(tryParseWindow("09:00", "17:00", zone)).not.toBeNull());

  test.each([
    "",
    " ",
    "Z",
    "+01:00",
    "-0800",
    "+00",
    "UTC+1",
    "GMT+1",
    "Mars/Olympus",
    "Europe/Zurich ",
    "Europe\\Zurich",
    "/Europe/Zurich",
    "../UTC",
    "Etc/Unknown",
    // Names of ICU: BST would be Bangladesh, IST India, ACT Darwin.
    "BST",
    "IST",
    "ACT",
    "PST",
    "pst",
    "SystemV/PST8",
    "systemv/pst8",
    "local",
    "é",
    "x".repeat(5_000_000),
  ])("cannot be in a zone such as %.30j", (zone) => expect(tryParseWindow("09:00", "17:00", zone)).toBeNull());

  test("reads the clock of every zone that Node knows", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      for (const iso of ["2026-01-15T00:00:00Z", "2026-07-15T12:30:00Z"]) {
        const parts = new Intl.DateTimeFormat("de", { timeZone: zone, timeStyle: "medium" }).format(Date.parse(iso));
        const hour = parts.slice(0, 2);
        const next = String((Number(hour) + 1) % 24).padStart(2, "0");
        if (!isIn(`${hour}:00`, `${next}:00`, zone, iso) || isIn(`${next}:00`, `${hour}:00`, zone, iso)) {
          throw new Error(`${zone} at ${iso}`);
        }
      }
    }
  });

  test("holds in UTC what arithmetic says", () => {
    const text = (minute: number) =>
      `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    const minutes = fc.nat(1_439);
    fc.assert(
      fc.property(minutes, minutes, fc.nat(4_102_444_800_000), (after, before, unixMs) => {
        fc.pre(after !== before);
        const sinceAfter = (Math.floor(unixMs / 60_000) - after + 1_440) % 1_440;
        const length = (before - after + 1_440) % 1_440;
        expect(isIn(text(after), text(before), "UTC", new Date(unixMs).toISOString())).toBe(sinceAfter < length);
      }),
      { numRuns: 2_000 },
    );
  });
});
