import fc from "fast-check";
import { shellWord } from "../../src/cli/output/shell-word.ts";
import { parseLine } from "../../src/cli/shell/words.ts";

describe("the words of a line", () => {
  test.each([
    ["context  list\t--due ", ["context", "list", "--due"]],
    [`set 'a b' "c d" e\\ f`, ["set", "a b", "c d", "e f"]],
    [`a'b'"c"d`, ["abcd"]],
    [`'' ""`, ["", ""]],
    [`'a"b\\' "c'd\\"\\\\\\e"`, [`a"b\\`, `c'd"\\\\e`]],
    ["$HOME * ~ `x` $(x) # {a,b}", ["$HOME", "*", "~", "`x`", "$(x)", "#", "{a,b}"]],
    ["'|' \\> a|b a>b x&y", ["|", ">", "a|b", "a>b", "x&y"]],
    ["\u{1f469}\u200d\u{1f680} e\u0301", ["\u{1f469}\u200d\u{1f680}", "e\u0301"]],
    ["", []],
  ])("of %j are %j", (line, words) => {
    expect(parseLine(line)).toEqual(words);
  });

  test.each(["|", "||", ">", ">>", "<", "<<<", "2>", "2>&1", "&", "&&", ";", ">file", "<file", "|wc", "2>/dev/null"])(
    "%s alone is refused, and the other words are not told",
    (operator) => {
      const parse = () => parseLine(`context set x --value canary ${operator} more`);
      expect(parse).toThrow("this is no shell for pipes, files or several commands: ");
      expect(parse).not.toThrow("canary");
    },
  );

  test.each([`a 'b`, `a "b`, `"a\\"`, "a \\"])("%s is not complete", (line) => {
    expect(() => parseLine(line)).toThrow(/a quote is not closed|nothing behind the last backslash/);
  });

  test("that are quoted come back as they were", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (words) => {
        const quoted = words.map((word) => (word === "" ? "''" : shellWord(word)));
        expect(parseLine(quoted.join(" "))).toEqual(words);
      }),
    );
  });
});
