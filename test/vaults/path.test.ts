import fc from "fast-check";
import { hasPrefix, isSecretPath, parseSecretPath, splitPath } from "../../src/vaults/path.ts";
import { refusal } from "./refusal.ts";

const longest = "a/".repeat(511).concat("ab");

describe("the path of a secret", () => {
  test.each([
    "a",
    "0",
    "-",
    "_",
    "--/__",
    "OPENAI_KEY",
    "api-keys/openai",
    "config/prod/database",
    "agents/0b0d8f1e-6d9f-4a3e-9b0a-0d9c1c2f3a4b/ssh/private_key",
    "a/versions/1",
    "a/rotate",
    "__proto__/constructor",
    longest,
    "x".repeat(1_024),
  ])("can be %j", (text) => {
    expect(isSecretPath(text)).toBe(true);
    expect(parseSecretPath(text)).toBe(text);
  });

  test.each([
    "",
    "/",
    "//",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/./b",
    "a.b",
    "a b",
    " a",
    "a ",
    "a\n",
    "a\u0000",
    "é",
    "ａ",
    "٣",
    "ſ",
    "\u212a",
    "a:b",
    "a%2Fb",
    "a\\b",
    "a*",
    "*",
    "**",
    "a?x",
    "a#f",
    "a|b",
    "😀",
    "\ud800",
    `${longest}x`,
    "x".repeat(1_025),
  ])("cannot be %j", (text) => {
    expect(isSecretPath(text)).toBe(false);
    expect(refusal(() => parseSecretPath(text))).toBe(
      "path must be segments of letters, digits, - and _, joined by single slashes, at most 1024 characters",
    );
  });

  test("is judged character by character as the grammar says", () => {
    const isPath = (text: string) =>
      text.length <= 1_024 &&
      text
        .split("/")
        .every(
          (segment) =>
            segment !== "" &&
            [...segment].every((character) =>
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".includes(character),
            ),
        );
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom("a", "Z", "0", "-", "_", "/", "/", ".", "é"), maxLength: 8 }),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.string({ unit: fc.constantFrom("a", "/"), minLength: 1_020, maxLength: 1_028 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(isSecretPath(text)).toBe(isPath(text));
      }),
      { numRuns: 3_000 },
    );
    for (let code = 0; code < 0x10000; code++) {
      const text = String.fromCharCode(code);
      if (isSecretPath(text) !== isPath(text)) {
        throw new Error(`disagree on U+${code.toString(16)}`);
      }
    }
  });

  test("has segments that give it back", () => {
    expect(splitPath("a")).toEqual(["a"]);
    expect(splitPath("a/b-c/d")).toEqual(["a", "b-c", "d"]);
    expect(splitPath(longest)).toHaveLength(512);
  });
});

describe("the prefix of a list", () => {
  test.each([
    ["api-keys/openai", "", true],
    ["api-keys/openai", "api-keys", true],
    ["api-keys/openai", "api-keys/", true],
    ["api-keys/openai", "api-k", true],
    ["api-keys/openai", "api-keys/openai", true],
    ["api-keys-old/openai", "api-keys", true],
    ["api-keys-old/openai", "api-keys/", false],
    ["api-keys/openai", "api-keys/openai/", false],
    ["api-keys/openai", "API", false],
    ["api-keys/openai", "/", false],
    ["api-keys/openai", "*", false],
    ["api-keys/openai", "api.keys", false],
    ["api-keys/openai", "\ud800", false],
  ])("keeps of %s by %j: %s", (path, prefix, kept) => expect(hasPrefix(path, prefix)).toBe(kept));
});
