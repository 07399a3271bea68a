import { CliFailure } from "../../../src/cli/failure.ts";
import { type ImportFormat, importFormats } from "../../../src/cli/import/index.ts";
import { parse } from "./outcome.ts";

/** A power of two, so that all parts of it are whole. */
const size = 262_144;
const attempts = 6;
/** What the first calls of a function, and small times at all, vary by. */
const noiseMs = 30;

/** Each would take minutes, or the stack, from a reader that is quadratic or recursive. */
const inputs: readonly (readonly [string, ImportFormat, (size: number) => string])[] = [
  ["blanks inside", "env", (size) => `A=b${" ".repeat(size)}c`],
  ["blanks before no name", "env", (size) => `export${" ".repeat(size)}=`],
  ["open quotes", "env", (size) => `A="\n`.repeat(size / 4)],
  ["backticks", "env", (size) => "A=`\n".repeat(size / 4)],
  ["keys that never end", "env", (size) => "A=-----BEGIN \n".repeat(Math.floor(size / 20))],
  ["backslashes", "env", (size) => `A="${"\\".repeat(size)}"`],
  ["escapes", "env", (size) => `A="${"\\n".repeat(size)}"`],
  ["carriage returns", "env", (size) => "\r".repeat(size)],
  ["braces", "json", (size) => "{".repeat(size)],
  ["brackets", "json", (size) => "[".repeat(size)],
  [
    "long keys inside each other",
    "json",
    (size) => `{"${"k".repeat(size)}":{${'"a":{"b":1},'.repeat(size / 1_024)}"c":1}}`,
  ],
  ["brackets of YAML", "yaml", (size) => "[".repeat(size)],
  ["dashes", "yaml", (size) => "- ".repeat(size / 2)],
  ["question marks", "yaml", (size) => "? ".repeat(size / 2)],
  ["colons", "yaml", (size) => "a: ".repeat(Math.floor(size / 3))],
  ["keys", "yaml", (size) => Array.from({ length: size / 32 }, (_, index) => `k${index}: v\n`).join("")],
  ["one key", "yaml", (size) => "k: v\n".repeat(size / 32)],
  ["flow keys", "yaml", (size) => `{${"a, ".repeat(size / 32)}}`],
  ["plain text over lines", "yaml", (size) => "a\n".repeat(size / 4)],
  ["blank lines", "yaml", (size) => `a: b${"\n".repeat(size)}c`],
  ["comments", "yaml", (size) => "# c\n".repeat(size / 8)],
  ["quotes", "yaml", (size) => `a: "${"\\x41".repeat(size / 8)}"`],
  ["an open quote", "yaml", (size) => `a: "${"b\n ".repeat(size / 8)}`],
  ["anchors", "yaml", (size) => "&a ".repeat(size / 8)],
  ["tags", "yaml", (size) => "!a ".repeat(size / 8)],
  ["documents", "yaml", (size) => "---\n".repeat(size / 32)],
  ["directives", "yaml", (size) => "%a\n".repeat(size / 32)],
  ["a block", "yaml", (size) => `a: |\n${" b\n".repeat(size / 4)}`],
  ["a folded block", "yaml", (size) => `a: >\n${" b\n".repeat(size / 4)}`],
];

/** Of this process, whatever else the machine does. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe("hostile input", () => {
  test.each(inputs)("%s (%s) takes time as it is long", (_, format, input) => {
    const [half, whole] = [input(size / 2), input(size)];
    const isLinear = () => {
      const halfMs = cpuMs(() => expectOwnFailure(() => parse(half, { format })));
      return cpuMs(() => expectOwnFailure(() => parse(whole, { format }))) < 3 * halfMs + noiseMs;
    };
    // What goes with the square takes four times as long each time; what a busy machine adds comes and goes.
    expect(Array.from({ length: attempts }).some(isLinear)).toBe(true);
  });

  test("a scalar of YAML that no value can have is not taken apart", () => {
    const { refused } = parse(`a: b\nc: |\n${" d\n".repeat(2_000_000)}`, { format: "yaml" });
    expect(refused).toEqual([{ why: "too_large", line: 3 }]);
  });

  test("aliases of aliases end at the number of entries", () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const inner = level === 0 ? "x" : `*a${level - 1}`;
      return `a${level}: &a${level} {${"abcdefghij".replace(/./g, (key) => `${key}: ${inner}, `)}}`;
    });
    expect(() => parse(`${levels.join("\n")}\n`, { format: "yaml" })).toThrow("more than 100,000 entries");
    const empty = levels.map((line) => line.replaceAll(" x,", " {},"));
    expect(() => parse(`${empty.join("\n")}\n`, { format: "yaml" })).toThrow("more than 100,000 entries");
  });

  test("more than 100,000 entries or 64 MiB are too much", () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => `A${index}=1`).join("\n");
    expect(parse(lines(100_000)).entries).toHaveLength(100_000);
    expect(() => parse(lines(100_001))).toThrow(CliFailure);
    expect(() => parse(new Uint8Array(67_108_865))).toThrow("more than 64 MiB");
    expect(() => parse(`[${"0,".repeat(5_000_000)}0]`)).toThrow("more than 4,000,000 parts");
    expect(() => parse("- a\n".repeat(1_000_000), { format: "yaml" })).toThrow("more than 2,000,000 parts");
  });

  test.each(importFormats)("%s: nothing, and nothing but blanks, is nothing or refused", (format) => {
    for (const input of ["", " \n\n", "\ufeff"]) {
      expect(parse(input, { format }).entries).toEqual([]);
    }
  });
});

function expectOwnFailure(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CliFailure);
  }
}
