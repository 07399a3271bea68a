import fc from "fast-check";
import { formatTimestamp, parseTimestamp } from "../../src/base/timestamp.ts";
import { isRefused, refusal } from "../vaults/refusal.ts";

describe("a time", () => {
  test.each([
    ["2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z"],
    ["2026-12-31T23:59:59.000Z", "2026-12-31T23:59:59Z"],
    ["2026-12-31T23:59:59.5Z", "2026-12-31T23:59:59.500Z"],
    ["2026-12-31T23:59:59.12Z", "2026-12-31T23:59:59.120Z"],
    ["2026-12-31T23:59:59.1234567891Z", "2026-12-31T23:59:59.123Z"],
    ["2026-12-31T23:59:59.9999Z", "2026-12-31T23:59:59.999Z"],
    ["2026-12-31T23:59:59.0009Z", "2026-12-31T23:59:59Z"],
    [`2026-12-31T23:59:59.${"9".repeat(1_000_000)}Z`, "2026-12-31T23:59:59.999Z"],
    ["2026-12-31t23:59:59z", "2026-12-31T23:59:59Z"],
    ["2026-12-31T23:59:59+00:00", "2026-12-31T23:59:59Z"],
    ["2026-12-31T23:59:59-00:00", "2026-12-31T23:59:59Z"],
    ["2027-01-01T01:29:59+01:30", "2026-12-31T23:59:59Z"],
    ["2026-12-31T18:59:59-05:00", "2026-12-31T23:59:59Z"],
    ["2027-01-01T23:58:59+23:59", "2026-12-31T23:59:59Z"],
    ["2026-12-31T00:00:59-23:59", "2026-12-31T23:59:59Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"],
    ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"],
    ["1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"],
    ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"],
    ["0099-06-01T00:00:00Z", "0099-06-01T00:00:00Z"],
    ["0000-12-31T23:59:59-23:59", "0001-01-01T23:58:59Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
    // The examples of RFC 3339 §5.8
    ["1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"],
    ["1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z"],
    ["1990-12-31T23:59:60Z", "1991-01-01T00:00:00Z"],
    ["1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"],
    ["1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"],
    ["2015-06-30T23:59:60.5Z", "2015-07-01T00:00:00.500Z"],
  ])("%.40s is %s", (text, normal) => expect(formatTimestamp(parseTimestamp(text))).toBe(normal));

  test.each([
    "",
    "now",
    "2026-12-31",
    "2026-12-31T23:59:59",
    "2026-12-31T23:59Z",
    "2026-12-31 23:59:59Z",
    "2026-12-31T23:59:59 Z",
    " 2026-12-31T23:59:59Z",
    "2026-12-31T23:59:59Z\n",
    "2026-12-31T23:59:59.Z",
    "2026-12-31T23:59:59,5Z",
    "2026-12-31T23:59:59+0100",
    "2026-12-31T23:59:59+01",
    "2026-12-31T23:59:59+1:00",
    "2026-12-31T23:59:59+24:00",
    "2026-12-31T23:59:59+01:60",
    "2026-12-31T23:59:59\u221201:00",
    "2026-12-31T23:59:59[UTC]",
    "2026-12-31T24:00:00Z",
    "2026-12-31T23:60:00Z",
    "2026-12-31T23:59:61Z",
    "2026-00-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "26-12-31T23:59:59Z",
    "12026-12-31T23:59:59Z",
    "+002026-12-31T23:59:59Z",
    "-2026-12-31T23:59:59Z",
    "20261231T235959Z",
    "2026-W53-4T00:00:00Z",
    "1798761599",
    "2026-12-31T23:59:5٩Z",
    // out of the four digits in UTC
    "0000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    // no leap second
    "2026-12-31T12:59:60Z",
    "2026-12-31T23:58:60Z",
    "2026-12-31T23:59:60+01:00",
    "2026-11-30T23:59:60Z",
    "2026-12-30T23:59:60Z",
    "9999-12-31T23:59:60Z",
  ])("cannot be %j", (text) => {
    expect(refusal(() => parseTimestamp(text))).toBe("a time must be a date and time of RFC 3339, with Z or an offset");
  });

  const two = (number: number) => String(number).padStart(2, "0");

  test("comes back as it went out", () => {
    const moments = fc.integer({
      min: Date.parse("0000-01-01T00:00:00Z"),
      max: Date.parse("9999-12-31T23:59:59.999Z"),
    });
    fc.assert(
      fc.property(moments, (unixMs) => {
        expect(parseTimestamp(formatTimestamp(unixMs))).toBe(unixMs);
        expect(formatTimestamp(unixMs)).not.toMatch(/\.000Z$/);
        expect(Date.parse(formatTimestamp(unixMs))).toBe(unixMs);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is the same moment with every offset", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_102_444_800 }),
        fc.integer({ min: -1_439, max: 1_439 }),
        (second, offset) => {
          const there = new Date((second + offset * 60) * 1_000).toISOString().slice(0, 19);
          const minutes = Math.abs(offset);
          const text = `${there}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
          expect(parseTimestamp(text)).toBe(second * 1_000);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("is of the calendar", () => {
    const days = (year: number, month: number) => {
      const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
      return month === 2 ? 28 + Number(isLeap) : 30 + ((month + Math.floor(month / 8)) % 2);
    };
    for (const year of [1900, 1999, 2000, 2023, 2024, 2100, 2400]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const isDay = month >= 1 && month <= 12 && day >= 1 && day <= days(year, month);
          const text = `${year}-${two(month)}-${two(day)}T00:00:00Z`;
          expect([text, isRefused(() => parseTimestamp(text))]).toEqual([text, !isDay]);
        }
      }
    }
  });
});
