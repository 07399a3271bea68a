import { parse, toldBriefly } from "./outcome.ts";

describe("json", () => {
  test("objects are joined with a slash, and words stay as they are written", () => {
    const input = '{\n "a": {"b": {"c": "x"}},\n "n": 1.50e+3, "big": 12345678901234567890,\n "t": true, "z": -0\r\n}';
    expect(toldBriefly(input)).toEqual({
      entries: ["a/b/c = x @2", "n = 1.50e+3 @3", "big = 12345678901234567890 @3", "t = true @4", "z = -0 @4"],
    });
  });

  test("escapes of strings are read", () => {
    expect(parse('{"a\\u002fb":"\\"\\\\\\n\\u00e9\\ud83d\\udd11"}').entries).toEqual([
      { name: "a/b", value: '"\\\né🔑', line: 1 },
    ]);
  });

  test("a list of names and values, as of Bitwarden", () => {
    const input =
      '[{"id":"1","key":"A","value":"x","note":""},\n{"name":"B","value":2},\n{"name":"C"},{"value":"z"},7]';
    expect(toldBriefly(input)).toEqual({
      entries: ["A = x @1", "B = 2 @2"],
      refused: ["no_value C @3", "not_an_entry @3", "not_an_entry @3"],
    });
  });

  test("what stands beside a value is taken", () => {
    const input =
      '[{"name":"A","value":"x","purposeTag":"t","boundZid":"Z","permissions":["P","Q"],"expiresZeqond":5},' +
      '{"name":"B","value":"x","purposeTag":null,"permissions":[],"expiresZeqond":null}]';
    expect(parse(input).entries).toEqual([
      { name: "A", value: "x", line: 1, purposeTag: "t", boundZid: "Z", permissions: ["P", "Q"], expiresZeqond: 5 },
      { name: "B", value: "x", line: 1, permissions: [], expiresZeqond: null },
    ]);
  });

  test.each([
    '"purposeTag":7',
    '"purposeTag":"a|b"',
    '"boundZid":""',
    '"permissions":"Z"',
    '"permissions":["Z",""]',
    '"expiresZeqond":1.5',
    '"expiresZeqond":9007199254740992',
  ])("refuses %s as bad_field", (field) => {
    expect(toldBriefly(`[{"name":"A","value":"x",${field}}]`)).toEqual({ refused: ["bad_field A @1"] });
  });

  test("keys that stand twice are found, whatever they hold", () => {
    expect(toldBriefly('{"a":{"x":1},\n"a":{"y":2},"b":{"c":1,\n"c":2}}')).toEqual({
      refused: ["duplicate a @1", "duplicate a @2", "duplicate b/c @3"],
    });
    expect(toldBriefly('[{"name":"A","value":1,"value":2}]')).toEqual({ refused: ["duplicate A @1"] });
  });

  test.each([
    ["{\n", 2],
    ['{"a":1,}', 1],
    ['{"a":01}', 1],
    ['{"a":\nNaN}', 2],
    ['{"a":"b\nc"}', 1],
    ['{"a":"\\x"}', 1],
    ['{"a":"\\', 1],
    ["{'a':1}", 1],
    ['{"a":1}\n{"b":2}', 2],
    ['{"a" 1}', 1],
    ['{"a":1}\n// x', 2],
  ])("refuses %j as not_json", (input, line) => {
    expect(toldBriefly(input)).toEqual({ refused: [`not_json @${line}`] });
  });

  test("refuses what is too deep, and takes what is not", () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    expect(parse(nested(100)).entries).toHaveLength(1);
    expect(toldBriefly(nested(101))).toEqual({ refused: ["too_deep @1"] });
  });

  test("a scalar is no entry", () => {
    expect(toldBriefly("7", { format: "json" })).toEqual({ refused: ["not_an_entry @1"] });
    expect(toldBriefly("null", { format: "json" })).toEqual({});
  });

  test("what sops adds is metadata, and its ciphertexts are refused", () => {
    expect(toldBriefly('{"A":"ENC[AES256_GCM,data:x,type:str]",\n"sops":{"mac":"y"}}')).toEqual({
      refused: ["encrypted A @1"],
      skipped: ["metadata sops @2"],
    });
  });
});
