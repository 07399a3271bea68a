import { isNewSecretName, shownName } from "../../../src/cli/import/names.ts";
import { parse, toldBriefly } from "./outcome.ts";

describe("the rules for every format", () => {
  test("a name twice with other values is refused as a whole", () => {
    expect(toldBriefly("A=1\nB=x\nA=2\nA=3")).toEqual({ entries: ["B = x @2"], refused: ["duplicate A @3"] });
    expect(toldBriefly('{"A":1,"B":"x","A":1.0}')).toEqual({ entries: ["B = x @1"], refused: ["duplicate A @1"] });
    expect(toldBriefly("A: 1\nB: x\nA: 01\n", { fileName: "a.yml" })).toEqual({
      entries: ["B = x @2"],
      refused: ["duplicate A @3"],
    });
  });

  test("with --last-wins the last is taken, with a warning", () => {
    expect(toldBriefly("A=1\nA=2\nA=1", { lastWins: true })).toEqual({
      entries: ["A = 1 @3"],
      warnings: ["duplicate_last A @3"],
    });
  });

  test("a name twice with the same value is one entry, with a warning", () => {
    expect(toldBriefly("A=1\nA='1'")).toEqual({ entries: ["A = 1 @1"], warnings: ["duplicate_same A @2"] });
  });

  test("an empty value and another one are two values", () => {
    expect(toldBriefly("A=\nA=1")).toEqual({ refused: ["duplicate A @2"] });
    expect(toldBriefly('{"A":null,"A":"1"}')).toEqual({ refused: ["duplicate A @1"] });
    expect(toldBriefly("A: 1\nA: ~\n", { fileName: "a.yaml" })).toEqual({ refused: ["duplicate A @2"] });
    expect(toldBriefly("A=\nA=''")).toEqual({ skipped: ["empty A @1"], warnings: ["duplicate_same A @2"] });
    expect(toldBriefly("A=1\nA=", { lastWins: true })).toEqual({
      skipped: ["empty A @2"],
      warnings: ["duplicate_last A @2"],
    });
  });

  test("the same value with other grants is not the same", () => {
    const list = '[{"name":"A","value":"1","permissions":["X"]},{"name":"A","value":"1","permissions":["Y"]}]';
    expect(toldBriefly(list)).toEqual({ refused: ["duplicate A @1"] });
  });

  test("an entry whose name stands in a refused line too is not written", () => {
    expect(toldBriefly("A=1\nA='2'3", { lastWins: true })).toEqual({
      refused: ["duplicate A @1", "text_after_quote A @2"],
    });
  });

  test.each([
    ["not_text", '{"A":"\\ud800"}', "not_text A @1"],
    ["not_text, a list", '{"A":["x"]}', "not_text A @1"],
    ["too_large", `A=${"x".repeat(65_537)}`, "too_large A @1"],
    ["too_large, in bytes", `A=${"é".repeat(32_769)}`, "too_large A @1"],
    ["too_large, in double quotes", `A="${"\\n".repeat(65_537)}"`, "too_large A @1"],
    ["bad_name", '{"a|b":"1"}', "bad_name a|b @1"],
    ["bad_name, none", '{"":"1"}', "bad_name  @1"],
    ["bad_name, too long", `{"${"é".repeat(128)}":"1"}`, `bad_name ${"é".repeat(128)} @1`],
    ["encrypted, sops", "A=ENC[AES256_GCM,data:x]", "encrypted A @1"],
    ["encrypted, dotenvx", "A=encrypted:x", "encrypted A @1"],
    ["reference", "A=op://a/b", "reference A @1"],
    ["reference, of ours", '{"A":"zsc://a/b"}', "reference A @1"],
  ])("refuses %s", (_, input, refused) => {
    expect(toldBriefly(input)).toEqual({ refused: [refused] });
  });

  test("takes 65,536 bytes, NUL and CR", () => {
    expect(parse(`A=${"x".repeat(65_536)}`).entries).toHaveLength(1);
    expect(parse('{"A":"\\u0000\\r"}').entries).toEqual([{ name: "A", value: "\0\r", line: 1 }]);
  });

  test("null and nothing are skipped as empty", () => {
    expect(toldBriefly('{"A":null,"B":"","C":{}}')).toEqual({ skipped: ["empty A @1", "empty B @1", "empty C @1"] });
  });

  test("one line and its final line break is kept with a warning, but in .env", () => {
    expect(toldBriefly('{"A":"b\\n","C":"d\\r\\n","E":"f\\ng\\n","H":"\\n","I":"j\\r"}').warnings).toEqual([
      "newline_kept A @1",
      "newline_kept C @1",
      "newline_kept H @1",
      "newline_kept I @1",
    ]);
    expect(toldBriefly('A="b\\n"')).toEqual({ entries: ["A = b\n @1"] });
  });

  test("--prefix stands before every name that is told", () => {
    expect(toldBriefly("A=1\nB=\nC=#\nD='\nE", { prefix: "app/" })).toEqual({
      entries: ["app/A = 1 @1", "app/C = # @3"],
      skipped: ["empty app/B @2"],
      warnings: ["hash_kept app/C @3"],
      refused: ["unterminated_quote app/D @4-5"],
    });
    expect(toldBriefly("A=1", { prefix: "/" })).toEqual({ refused: ["bad_name /A @1"] });
  });

  test("--strict makes warnings refusals", () => {
    expect(toldBriefly("A=1\nB=#\nC=2\nC=2", { strict: true })).toEqual({
      entries: ["A = 1 @1"],
      refused: ["hash_kept B @2", "duplicate_same C @4"],
    });
  });

  test.each([
    ...["a", "a/b", "a.b", "...", "%", "-a", "🔑", "a b", "é".repeat(127)].map((name) => [name, true] as const),
    ...["", ".", "..", "/a", "a/", "a//b", "a/./b", "../a", "a\\..", "%2e%2e/a", "a%2f..", "..;x/a", "a\tb"].map(
      (name) => [name, false] as const,
    ),
    ["é".repeat(128), false] as const,
  ])("%j: whether the vault takes it as a new name is %s", (name, expected) => {
    expect(isNewSecretName(name)).toBe(expected);
  });

  test("a name is told in bounded length, and well-formed", () => {
    expect(shownName(`${"x".repeat(254)}🔑`)).toBe(`${"x".repeat(254)}\ufffd…`);
  });
});
