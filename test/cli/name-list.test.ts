import fc from "fast-check";
import { CliFailure } from "../../src/cli/failure.ts";
import { joinNames, splitNames } from "../../src/cli/name-list.ts";
import { parseOnly } from "../../src/cli/run/wanted.ts";

describe("the names of a flag", () => {
  test.each([
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [String.raw`a\,b`, ["a,b"]],
    ["a\\,b,c\\,", ["a,b", "c,"]],
    [String.raw`a\\,b`, ["a\\", "b"]],
    [String.raw`a\\\,b`, ["a\\,b"]],
    ["dir\\file,\\", ["dir\\file", "\\"]],
    ["🔑,\n", ["🔑", "\n"]],
  ])("%j", (text, names) => expect(splitNames(text)).toEqual(names));

  test.each(["", ",", "a,", ",a", "a,,b"])("%j has one that is empty", (text) => {
    expect(() => splitNames(text)).toThrow(CliFailure);
  });

  test("whatever they are, they can be named", () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, unit: fc.constantFrom(",", "\\", "=", "a", "🔑", "\n") }),
      fc.string({ minLength: 1, unit: "grapheme" }),
    );
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), (names) => {
        expect(splitNames(joinNames(names))).toEqual(names);
      }),
    );
  });

  test("of zsc run have a variable, which may be said", () => {
    expect(parseOnly([String.raw`a\,b,X=c\,d`, String.raw`Y=e=\,f`])).toEqual([
      { variable: "A_B", name: "a,b" },
      { variable: "X", name: "c,d" },
      { variable: "Y", name: "e=,f" },
    ]);
  });
});
