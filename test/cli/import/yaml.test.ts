import { toldBriefly } from "./outcome.ts";

const yaml = (input: string) => toldBriefly(input, { fileName: "a.yaml" });

describe("yaml", () => {
  test("scalars are the text as written", () => {
    const input =
      "a: NO\nb: 0123\nc: 2026-11-27\nd: 1_000\ne: 0x1F\nf: 1.10\ng: 12345678901234567890\nh: true\ni: <<\n";
    expect(yaml(input)).toEqual({
      entries: [
        ...["a = NO @1", "b = 0123 @2", "c = 2026-11-27 @3", "d = 1_000 @4", "e = 0x1F @5", "f = 1.10 @6"],
        ...["g = 12345678901234567890 @7", "h = true @8", "i = << @9"],
      ],
    });
  });

  test("plain null and nothing are empty, quoted ones are text", () => {
    expect(yaml("a: ~\nb: null\nc:\nd: '~'\ne: \"null\"\n")).toEqual({
      entries: ["d = ~ @4", "e = null @5"],
      skipped: ["empty a @1", "empty b @2", "empty c @3"],
    });
  });

  test("quotes, blocks and flow", () => {
    const input = "a: 'it''s'\nb: \"x\\ty\"\nc: |-\n  1\n  2\nd: >-\n  3\n  4\ne: {f: g, h: {i: j}}\n\"k\": l # m\n";
    expect(yaml(input)).toEqual({
      entries: [
        ...["a = it's @1", "b = x\ty @2", "c = 1\n2 @3", "d = 3 4 @6", "e/f = g @9", "e/h/i = j @9", "k = l @10"],
      ],
    });
  });

  test("objects are joined, lists of items are read, other lists are no text", () => {
    expect(yaml("a:\n  b:\n    c: x\n  d: [1]\n")).toEqual({ entries: ["a/b/c = x @3"], refused: ["not_text a/d @4"] });
    expect(yaml("- name: A\n  value: 01\n- key: B\n  value: y\n")).toEqual({ entries: ["A = 01 @1", "B = y @3"] });
  });

  test("every line break of YAML ends a line", () => {
    expect(yaml("a: 1\r\nb: |\r\n  x\r\n  y\r\nc: 2\rd: 3\r")).toEqual({
      entries: ["a = 1 @1", "b = x\ny\n @2", "c = 2 @5", "d = 3 @6"],
    });
  });

  test("aliases are followed", () => {
    expect(yaml("a: &x secret\nb: *x\nc: &y\n  d: e\nf: *y\n")).toEqual({
      entries: ["a = secret @1", "b = secret @2", "c/d = e @4", "f/d = e @4"],
    });
  });

  test.each([
    ["an unknown alias", "a: *x\n", "not_yaml @1"],
    ["an alias inside its anchor", "a: &x\n  b: *x\n", "not_yaml @2"],
    ["too many aliases", `a: &x 1\nb:\n${"  - *x\n".repeat(101)}`, "too_many_aliases @103"],
    ["a tab", "a:\n\tb: 1\n", "not_yaml @2"],
    ["an open quote", "a: 1\nb: 'x\n", "not_yaml @3"],
    ["depth", `a: ${"[".repeat(200)}`, "too_deep @1"],
    [
      "depth of blocks",
      Array.from({ length: 200 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""),
      "too_deep @101",
    ],
  ])("refuses %s", (_, input, refused) => {
    expect(yaml(input)).toEqual({ refused: [refused] });
  });

  test("a merge key, a key that is no scalar, and other tags are not supported", () => {
    expect(
      yaml("a: &x {b: c}\nd:\n  <<: *x\n  e: f\n? [g]\n: h\ni: !!binary aGk=\nj: !!str 01\nk: !mine {}\n"),
    ).toEqual({
      entries: ["a/b = c @1", "d/e = f @4", "j = 01 @8"],
      refused: ["not_supported d/<< @3", "not_supported ? @5", "not_supported i @7", "not_supported k @9"],
    });
  });

  test("a merge key of an item may bring any of its fields", () => {
    expect(yaml("- &m {name: A, value: x}\n- <<: *m\n  name: B\n  value: y\n- <<: *m\n")).toEqual({
      entries: ["A = x @1"],
      refused: ["not_supported B @2", "not_supported @5"],
    });
  });

  test("a byte order mark in the middle begins no name", () => {
    expect(yaml("\ufeffa: 1\n\ufeffb: 2\n")).toEqual({ entries: ["a = 1 @1"], refused: ["bad_name \ufeffb @2"] });
    expect(yaml("a: 1\n---\n\ufeffb: 2\n").refused).toEqual(["bad_name \ufeffb @3"]);
  });

  test("a directive for an older YAML changes no scalar", () => {
    expect(yaml("%YAML 1.1\n---\na: yes\nb: 012\nc: 1:30\n")).toEqual({
      entries: ["a = yes @3", "b = 012 @4", "c = 1:30 @5"],
    });
  });

  test("sops at the top is metadata", () => {
    expect(yaml("a: ENC[AES256_GCM,data:x]\nsops:\n  mac: y\n")).toEqual({
      refused: ["encrypted a @1"],
      skipped: ["metadata sops @2"],
    });
  });

  test("several documents are read, and nothing is nothing", () => {
    expect(yaml("---\na: 1\n---\nb: 2\n...\n")).toEqual({ entries: ["a = 1 @2", "b = 2 @4"] });
    expect(yaml("# only a comment\n")).toEqual({});
  });
});
