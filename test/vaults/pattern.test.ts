import fc from "fast-check";
import { splitPath } from "../../src/vaults/path.ts";
import { matchesPattern, parsePattern } from "../../src/vaults/pattern.ts";
import { isMatch, paths, patterns } from "./pattern-model.ts";
import { isRefused, refusal } from "./refusal.ts";

const matches = (pattern: string, path: string) => matchesPattern(parsePattern(pattern), splitPath(path));

describe("a pattern", () => {
  test.each([
    "a",
    "*",
    "**",
    "*/*",
    "**/**",
    "**/a/**/b/**",
    "api-keys/*",
    "api-keys/**",
    "prod/db",
    "_/-/0",
    "p".repeat(1_024),
    `${"*/".repeat(511)}**`,
  ])("can be %j", (text) => expect(parsePattern(text).text).toBe(text));

  test.each([
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    "**/",
    "/**",
    "*//*",
    "foo*",
    "*foo",
    "a/b*c/d",
    "***",
    "a/***",
    "****",
    "?",
    "a?",
    "[ab]",
    "{a,b}",
    "a.b",
    "!a",
    "a b",
    " *",
    "*\n",
    "é",
    "\\*",
    "%2A",
    "a:b",
    "\ud800",
    "p".repeat(1_025),
    `${"*/".repeat(512)}*`,
  ])("cannot be %j", (text) => {
    expect(refusal(() => parsePattern(text))).toBe(
      "pattern must be segments of *, ** or letters, digits, - and _, joined by single slashes, at most 1024 characters",
    );
  });

  test.each<[string, string, boolean]>([
    ["**", "a", true],
    ["**", "a/b/c", true],
    ["**/**", "a", true],
    ["*", "a", true],
    ["*", "a/b", false],
    ["*/*", "a/b", true],
    ["*/*", "a", false],
    ["*/**", "a", true],
    ["**/*", "a", true],
    ["*/**/*", "a", false],
    ["*/**/*", "a/b", true],
    ["api-keys/*", "api-keys/a", true],
    ["api-keys/*", "api-keys/a/b", false],
    ["api-keys/*", "api-keys", false],
    ["api-keys/**", "api-keys", true],
    ["api-keys/**", "api-keys/a", true],
    ["api-keys/**", "api-keys/a/b", true],
    ["api-keys/**", "api-keys-old/a", false],
    ["api-keys/**", "x/api-keys/a", false],
    ["prod/db", "prod/db", true],
    ["prod/db", "prod/db/x", false],
    ["prod/db", "x/prod/db", false],
    ["prod/db", "prod/DB", false],
    ["**/db", "db", true],
    ["**/db", "a/b/db", true],
    ["**/db", "db/a", false],
    ["**/db", "db/a/db", true],
    ["**/db", "a/xdb", false],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a", false],
    ["a/**/b", "a/b/c", false],
    ["a/**/b/**/c", "a/b/x/b/c", true],
    ["a/**/b/**/c", "a/c/b", false],
    ["**/a/*/b/**", "x/a/a/y/b/z", true],
    ["**/a/*/b/**", "x/a/b/z", false],
    ["a/*/c", "a/b/c", true],
    ["a/*/c", "a/c", false],
  ])("%s matches %s: %s", (pattern, path, matched) => expect(matches(pattern, path)).toBe(matched));

  test("matches what the plain model matches", () => {
    let matched = 0;
    fc.assert(
      fc.property(patterns, paths, (pattern, path) => {
        const expected = isMatch(splitPath(pattern), splitPath(path));
        matched += Number(expected);
        expect(matches(pattern, path)).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
    expect(matched).toBeGreaterThan(1_000);
  });

  test("matches what the plain model matches, for every pattern and path of up to 5 segments", () => {
    const words = (letters: readonly string[], most: number): string[][] =>
      most === 0
        ? [[]]
        : words(letters, most - 1).flatMap((word) =>
            word.length === most - 1 ? [word, ...letters.map((letter) => [...word, letter])] : [word],
          );
    const allPaths = words(["a", "b"], 5).filter(({ length }) => length > 0);
    for (const pattern of words(["a", "*", "**"], 5).filter(({ length }) => length > 0)) {
      const parsed = parsePattern(pattern.join("/"));
      for (const path of allPaths) {
        if (matchesPattern(parsed, path) !== isMatch(pattern, path)) {
          throw new Error(`${pattern.join("/")} and ${path.join("/")}`);
        }
      }
    }
  });

  test("is judged as the grammar says", () => {
    const isPattern = (text: string) =>
      text.split("/").every((segment) => segment === "*" || segment === "**" || /^[\w-]+$/.test(segment));
    const texts = fc.string({ unit: fc.constantFrom("*", "*", "/", "a", "-", ".", "é"), maxLength: 9 });
    fc.assert(
      fc.property(texts, (text) => {
        expect(!isRefused(() => parsePattern(text))).toBe(isPattern(text));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("the longest patterns and paths", () => {
  const longest = `${"a/".repeat(511)}a`;

  /** Counts how often a segment of the path is looked at. */
  function lookups(pattern: string, path: string): [boolean, number] {
    let count = 0;
    const segments = new Proxy(splitPath(path), {
      get(target, key) {
        count += Number(typeof key === "string" && /^\d+$/.test(key));
        return Reflect.get(target, key);
      },
    });
    return [matchesPattern(parsePattern(pattern), segments), count];
  }

  // Each would take a matcher that backtracks to every `**` longer than the universe will last.
  test.each<[string, string, string, boolean]>([
    ["stars that match, and an end that does not", `${"**/a/".repeat(204)}b`, longest, false],
    ["stars and a segment that is nowhere", `${"**/*/".repeat(204)}b`, longest, false],
    ["stars with one segment between", `${"**/a/".repeat(204)}a`, longest, true],
    ["nothing but deep stars", `${"**/".repeat(341)}b`, longest, false],
    ["nothing but deep stars, all matched", `${"**/".repeat(341)}a`, longest, true],
    ["a long middle that fails at its end", `**/${"a/".repeat(255)}b/**`, longest, false],
    ["a long middle of stars that fails at its end", `**/${"*/".repeat(255)}b/**`, longest, false],
    ["two long middles", `**/${"a/".repeat(120)}b/**/${"a/".repeat(120)}c`, longest, false],
    ["stars of every kind", `${"**/*/a/".repeat(146)}b`, longest, false],
    ["one long segment", "x".repeat(1_024), "x".repeat(1_024), true],
    ["a long segment below deep stars", `${"**/".repeat(100)}${"x".repeat(700)}`, `${"x/".repeat(100)}y`, false],
  ])("%s: steps of one length times the other at most", (_what, pattern, path, matched) => {
    expect(Math.max(pattern.length, path.length)).toBeLessThanOrEqual(1_024);
    const [isMatched, count] = lookups(pattern, path);
    expect(isMatched).toBe(matched);
    expect(count).toBeLessThanOrEqual(splitPath(pattern).length * splitPath(path).length);
  });

  test("patterns of all kinds take no more steps than that", () => {
    const segment = fc.constantFrom("a", "*", "**", "**", "b");
    const long = fc.array(segment, { minLength: 50, maxLength: 340 }).map((segments) => segments.join("/"));
    const path = fc.array(fc.constantFrom("a", "a", "a", "a", "b"), { minLength: 50, maxLength: 512 });
    fc.assert(
      fc.property(long, path, (pattern, segments) => {
        fc.pre(pattern.length <= 1_024);
        const [, count] = lookups(pattern, segments.join("/"));
        expect(count).toBeLessThanOrEqual(splitPath(pattern).length * segments.length);
      }),
      { numRuns: 300 },
    );
  });
});
