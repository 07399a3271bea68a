import fc from "fast-check";
import { plainLines, tableLines } from "../../src/cli/output/table.ts";
import { relativeTime, tryParseDuration } from "../../src/cli/output/time.ts";
import { visible } from "../../src/cli/output/visible.ts";
import { widthOf } from "../../src/cli/output/width.ts";

const columns = [
  { title: "NAME", shown: (row: string[]) => row[0] ?? "", plain: (row: string[]) => row[0] ?? "" },
  { title: "OWNER", shown: (row: string[]) => row[1] ?? "", plain: (row: string[]) => row[1] ?? "" },
  { title: "TAG", shown: (row: string[]) => row[2] ?? "", plain: (row: string[]) => row[2] ?? "" },
];

describe("what commands print", () => {
  test.each([
    ["a\u202eb", "a\\u{202e}b"],
    ["a\u0000\u001b[31m", "a\\u{0}\\u{1b}[31m"],
    ["\u00ad\u200b\u2066", "\\u{ad}\\u{200b}\\u{2066}"],
    ["é e\u0301 日本 🔑", "é e\u0301 日本 🔑"],
    ["\ud800", "\ufffd"],
  ])("%j is shown as %j", (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test("no text of others has a control character once it is shown", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}]/u)),
    );
  });

  test("a table is aligned, and leaves columns out from the right", () => {
    const rows = [
      ["日本", "ZEQ-SYS", "x"],
      ["db", "A", ""],
    ];
    expect(tableLines(columns, rows, 80)).toEqual(["NAME  OWNER    TAG", "日本  ZEQ-SYS  x", "db    A"]);
    expect(tableLines(columns, rows, 15)).toEqual(["NAME  OWNER", "日本  ZEQ-SYS", "db    A"]);
    expect(tableLines(columns, [["a-long-name-of-a-secret", "Z", "t"]], 10)).toEqual([
      ...["NAME", "a-long-nam", "e-of-a-sec", "ret"],
    ]);
  });

  test("no line is wider than the terminal, whatever the names", () => {
    const row = fc.tuple(fc.string({ unit: "grapheme" }), fc.string(), fc.string()).map((each) => [...each]);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.integer({ min: 20, max: 100 }), (rows, width) => {
        for (const line of tableLines(columns, rows, width)) {
          expect(widthOf(line)).toBeLessThanOrEqual(width);
        }
      }),
    );
  });

  test("a line of a script is one line, with its columns", () => {
    expect(plainLines(columns, [["a\tb\\", "c\nd", ""]])).toEqual(["a\\tb\\\\\tc\\nd\t"]);
  });

  test("times are told from now", () => {
    const now = Date.parse("2026-11-27T12:00:00Z");
    expect(relativeTime(now - 3 * 3_600_000, now)).toBe("3 h ago");
    expect(relativeTime(now + 14 * 3_600_000 + 1, now)).toBe("in 14 h");
    expect(relativeTime(now, now)).toBe("now");
    expect(["10s", "5m", "2h", "30d", "1w", "250ms", "0s", "1", "1y", "-1s"].map(tryParseDuration)).toEqual([
      ...[10_000, 300_000, 7_200_000, 2_592_000_000, 604_800_000, 250, undefined, undefined, undefined, undefined],
    ]);
  });
});
