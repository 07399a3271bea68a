import fc from "fast-check";
import { parseDotenv } from "../../../src/cli/import/dotenv.ts";

/** The grammar of people.md, section 5. */
describe("a .env file", () => {
  const parse = (text: string | Uint8Array) => {
    const { entries, warnings, refused } = parseDotenv(typeof text === "string" ? Buffer.from(text) : text);
    return {
      entries: entries.map(({ name, value, line }) => [name, value, line]),
      warnings: warnings.map(({ why, line }) => `${why} ${line}`),
      refused: refused.map(({ why, line }) => `${why} ${line}`),
    };
  };

  test.each<[string, readonly (readonly [string, string])[], (readonly string[])?]>([
    ["", []],
    ["\n \t\n# a comment\n\t# another\n", []],
    ["A=1", [["A", "1"]]],
    [
      "\ufeffA=1\r\nB=2\rC=3\n",
      [
        ["A", "1"],
        ["B", "2"],
        ["C", "3"],
      ],
    ],
    [
      "export A = 1 \nexport\tB\t=\t2\t",
      [
        ["A", "1"],
        ["B", "2"],
      ],
    ],
    ["a.b/c-d_1=x", [["a.b/c-d_1", "x"]]],
    ["A=", [["A", ""]]],
    ["A=a b  c", [["A", "a b  c"]]],
    [
      "A=1 # comment\nB=1\t#comment",
      [
        ["A", "1"],
        ["B", "1"],
      ],
    ],
    ["A=a#b", [["A", "a#b"]], ["hash_kept 1"]],
    ["A=#b", [["A", "#b"]], ["hash_kept 1"]],
    ["A= #b", [["A", ""]], ["comment_read 1"]],
    ["A=a\\", [["A", "a\\"]], ["backslash_kept 1"]],
    ["A=a\\nb'c\"d", [["A", "a\\nb'c\"d"]]],
    ["A=\u00a0x\u3000", [["A", "\u00a0x\u3000"]], ["spaces_kept 1"]],
    ["A=x$y", [["A", "x$y"]], ["dollar_kept 1"]],
    ["A=$5 ${B} $(c) $$", [["A", "$5 ${B} $(c) $$"]], ["dollar_kept 1"]],
    ["A=5$ $-", [["A", "5$ $-"]]],
    ["A='x # y $z \\n' # comment", [["A", "x # y $z \\n"]]],
    [
      "A='one\r\ntwo\rthree'\nB=1",
      [
        ["A", "one\ntwo\nthree"],
        ["B", "1"],
      ],
    ],
    ["A='a\\\\b'", [["A", "a\\\\b"]], ["backslash_kept 1"]],
    ["A=''", [["A", ""]]],
    ['A="x\\ny\\rz"', [["A", "x\ny\rz"]]],
    ['A="\\t\\\\\\"\\$x"', [["A", '\t\\"$x']], ["escape_read 1"]],
    ['A="\\a\\ "', [["A", "\\a\\ "]], ["backslash_kept 1"]],
    ['A="$x"', [["A", "$x"]], ["dollar_kept 1"]],
    [
      'A="one\r\ntwo # three"  # comment\nB=2',
      [
        ["A", "one\ntwo # three"],
        ["B", "2"],
      ],
    ],
    ["A=-----BEGIN X-----abc-----END X-----", [["A", "-----BEGIN X-----abc-----END X-----"]]],
  ])("%j is read", (text, entries, warnings = []) => {
    const found = parse(text);
    expect(found.entries.map(([name, value]) => [name, value])).toEqual(entries);
    expect([found.warnings, found.refused]).toEqual([warnings, []]);
  });

  test.each([
    ["A", ["no_value 1"]],
    ["export A", ["no_value 1"]],
    ["A: 1", ["yaml_style 1"]],
    ["A:", ["yaml_style 1"]],
    ["A: b=c", ["yaml_style 1"]],
    ["1A=x", ["bad_name 1"]],
    ["A B=x", ["bad_name 1"]],
    ["=x", ["bad_name 1"]],
    ["Ä=x", ["bad_name 1"]],
    ["hello world", ["not_an_entry 1"]],
    ["{", ["not_an_entry 1"]],
    ["A=`x`", ["ambiguous_quote 1"]],
    ["A='it\\'s'", ["ambiguous_quote 1"]],
    ["A=“x”", ["smart_quotes 1"]],
    ["A='x'y", ["text_after_quote 1"]],
    ["A='x'#y", ["text_after_quote 1"]],
    ['A="x" y', ["text_after_quote 1"]],
    ["A=a\0b", ["not_text 1"]],
    ["A='a\0b'", ["not_text 1"]],
    ["\nA='x\nB=1\nC=2", ["unterminated_quote 2"]],
    ['A="x\\"', ["unterminated_quote 1"]],
  ])("%j is refused", (text, refused) => {
    expect(parse(text)).toMatchObject({ entries: [], refused });
  });

  test("a private key without quotes is refused once, through to its end, and what follows is read", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nabc=\ndef\n-----END PRIVATE KEY-----";
    expect(parse(`A=1\nK=${key}\nB=2`)).toEqual({
      entries: [
        ["A", "1", 1],
        ["B", "2", 6],
      ],
      warnings: [],
      refused: ["multiline_unquoted 2"],
    });
  });

  test("a line that is no UTF-8 is refused with its number, and what stands before it is read", () => {
    const bytes = Buffer.concat([Buffer.from("A=1\nB="), Buffer.from([0xff]), Buffer.from("\nC=3")]);
    expect(parse(bytes)).toEqual({ entries: [["A", "1", 1]], warnings: [], refused: ["not_utf8 2"] });
    expect(parse(Buffer.from("A=1\n", "utf16le")).refused).toEqual(["bad_name 1", "not_an_entry 2"]);
  });

  test("no remark holds a value, and lines keep their numbers behind values of several lines", () => {
    const { entries, refused } = parse("A='1\n2\n3'\nsecret value here\nB=2");
    expect(entries).toEqual([
      ["A", "1\n2\n3", 1],
      ["B", "2", 5],
    ]);
    expect(refused).toEqual(["not_an_entry 4"]);
    expect(
      JSON.stringify(parseDotenv(Buffer.from("hunter2\nx=`hunter2`\n1=hunter2\nA='hunter2'x")).refused),
    ).not.toContain("hunter2");
  });

  test("whatever comes, every line is read, refused, a comment or part of a value", () => {
    const piece = fc.constantFrom(
      "A",
      "=",
      "'",
      '"',
      "\\",
      "\n",
      "\r",
      " ",
      "#",
      "$",
      "`",
      "export ",
      "x",
      "-----BEGIN ",
      "-----END ",
      "\0",
      ":",
      "é",
      "\t",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join("");
        const { entries, refused } = parseDotenv(Buffer.from(text));
        const lines = text.replace(/\r\n?/g, "\n").split("\n");
        const named = new Set([...entries, ...refused].map(({ line }) => line));
        for (const [index, line] of lines.entries()) {
          if (/^[ \t]*(#|$)/.test(line) || named.has(index + 1)) {
            continue;
          }
          // Part of what began before: of quotes, or of a block that is refused as a whole.
          const before = [...entries, ...refused].filter((each) => each.line <= index);
          expect(before.some((each) => /["']|-----BEGIN/.test(lines[each.line - 1] ?? ""))).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
