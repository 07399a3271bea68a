import { CliFailure } from "../../../src/cli/failure.ts";
import { type ImportFormat, importFormats } from "../../../src/cli/import/index.ts";
import { parse } from "./outcome.ts";

const size = 400_000;

/** Each would take minutes, or the stack, from a reader that is quadratic or recursive. */
const inputs: readonly (readonly [string, ImportFormat, string])[] = [
  ["blanks inside", "env", `A=b${" ".repeat(size)}c`],
  ["blanks before no name", "env", `export${" ".repeat(size)}=`],
  ["open quotes", "env", `A="\n`.repeat(size / 4)],
  ["backticks", "env", "A=`\n".repeat(size / 4)],
  ["keys that never end", "env", "A=-----BEGIN \n".repeat(size / 20)],
  ["backslashes", "env", `A="${"\\".repeat(size)}"`],
  ["escapes", "env", `A="${"\\n".repeat(size)}"`],
  ["carriage returns", "env", "\r".repeat(size)],
  ["braces", "json", "{".repeat(size)],
  ["brackets", "json", "[".repeat(size)],
  ["long keys inside each other", "json", `{"${"k".repeat(size)}":{${'"a":{"b":1},'.repeat(1_000)}"c":1}}`],
  ["brackets of YAML", "yaml", "[".repeat(size)],
  ["dashes", "yaml", "- ".repeat(size / 2)],
  ["question marks", "yaml", "? ".repeat(size / 2)],
  ["colons", "yaml", "a: ".repeat(size / 3)],
  ["keys", "yaml", Array.from({ length: 30_000 }, (_, index) => `k${index}: v\n`).join("")],
  ["one key", "yaml", "k: v\n".repeat(30_000)],
  ["flow keys", "yaml", `{${"a, ".repeat(30_000)}}`],
  ["plain text over lines", "yaml", "a\n".repeat(size / 4)],
  ["blank lines", "yaml", `a: b${"\n".repeat(size)}c`],
  ["comments", "yaml", "# c\n".repeat(size / 8)],
  ["quotes", "yaml", `a: "${"\\x41".repeat(size / 8)}"`],
  ["an open quote", "yaml", `a: "${"b\n ".repeat(size / 8)}`],
  ["anchors", "yaml", "&a ".repeat(size / 8)],
  ["tags", "yaml", "!a ".repeat(size / 8)],
  ["documents", "yaml", "---\n".repeat(30_000)],
  ["directives", "yaml", "%a\n".repeat(30_000)],
  ["a block", "yaml", `a: |\n${" b\n".repeat(size / 4)}`],
  ["a folded block", "yaml", `a: >\n${" b\n".repeat(size / 4)}`],
];

describe("hostile input", () => {
  test.each(inputs)("%s (%s) takes linear time", (_, format, input) => {
    const start = performance.now();
    expectOwnFailure(() => parse(input, { format }));
    expect(performance.now() - start).toBeLessThan(5_000);
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
