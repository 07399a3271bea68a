import fc from "fast-check";
import { parseIdempotencyKey } from "../../src/vaults/idempotency-key.ts";
import { isPreconditionMet, parsePrecondition } from "../../src/vaults/if-match.ts";
import { defaultSecretType, parseSecretType } from "../../src/vaults/secret-type.ts";
import { parseVaultName } from "../../src/vaults/vault-name.ts";
import { isRefused, refusal } from "./refusal.ts";

describe("If-Match and If-None-Match", () => {
  /** By a path without a version, and by versions 1, 3 and 33. */
  test.each<[string | undefined, string | undefined, readonly boolean[]]>([
    [undefined, undefined, [true, true, true, true]],
    ["*", undefined, [false, true, true, true]],
    ["3", undefined, [false, false, true, false]],
    ['"3"', undefined, [false, false, true, false]],
    ['W/"3"', undefined, [false, false, false, false]],
    ['""', undefined, [false, false, false, false]],
    ['"03"', undefined, [false, false, false, false]],
    ['"0"', undefined, [false, false, false, false]],
    ['"3.0"', undefined, [false, false, false, false]],
    ['"1,3"', undefined, [false, false, false, false]],
    ['"abc"', undefined, [false, false, false, false]],
    ['"\xe9"', undefined, [false, false, false, false]],
    ["99999999999999999999", undefined, [false, false, false, false]],
    ['"1", "3"', undefined, [false, true, true, false]],
    ['1,"3" \t,\t W/"33"', undefined, [false, true, true, false]],
    ['"1,3", "33"', undefined, [false, false, false, true]],
    [undefined, "*", [true, false, false, false]],
    ["*", "*", [false, false, false, false]],
    ["3", "*", [false, false, false, false]],
  ])("%j and %j are met by nothing, 1, 3, 33: %j", (ifMatch, ifNoneMatch, met) => {
    const precondition = parsePrecondition(ifMatch, ifNoneMatch);
    expect([null, 1, 3, 33].map((current) => isPreconditionMet(precondition, current))).toEqual(met);
  });

  test.each([
    "",
    " ",
    "0",
    "03",
    "-3",
    "+3",
    "3.0",
    "1e3",
    "0x3",
    "abc",
    '"3',
    '3"',
    "'3'",
    'w/"3"',
    "W/3",
    '"3" "4"',
    '"3",',
    ',"3"',
    '"3",,"4"',
    '*, "3"',
    '"3", *',
    "**",
    '"a b"',
    '"\u0000"',
    '"\u0100"',
    "٣",
    `${'"3",'.repeat(4_000)}x`,
    `3${" ".repeat(16_000)}x`,
    `"${"x".repeat(16_000)}`,
  ])("If-Match cannot be %.20j", (text) => {
    expect(refusal(() => parsePrecondition(text, undefined))).toBe("If-Match must be *, a version or entity tags");
  });

  test.each(["", "3", '"3"', '*, "3"', "**", 'W/"3"'])("If-None-Match cannot be %j", (text) => {
    expect(refusal(() => parsePrecondition(undefined, text))).toBe("If-None-Match must be *");
  });

  test("a version is met by itself alone, in a list too", () => {
    const version = fc.integer({ min: 1, max: 2_147_483_647 });
    fc.assert(
      fc.property(fc.array(fc.tuple(version, fc.boolean()), { minLength: 1, maxLength: 5 }), version, (list, other) => {
        const text = list.map(([number, isQuoted]) => (isQuoted ? `"${number}"` : String(number))).join(", ");
        const precondition = parsePrecondition(text, undefined);
        expect(list.every(([number]) => isPreconditionMet(precondition, number))).toBe(true);
        expect(isPreconditionMet(precondition, other)).toBe(list.some(([number]) => number === other));
      }),
    );
  });
});

describe("an idempotency key", () => {
  test.each(["a", "!", "~", '"3f2e"', "a,b;c", "k".repeat(255)])("can be %j", (text) =>
    expect(parseIdempotencyKey(text)).toBe(text),
  );

  test("is of visible ASCII", () => {
    for (let code = 0; code < 0x300; code++) {
      const isVisible = code >= 0x21 && code <= 0x7e;
      expect([code, isRefused(() => parseIdempotencyKey(`a${String.fromCharCode(code)}`))]).toEqual([code, !isVisible]);
    }
  });

  test.each(["", " ", "a b", "a\n", "é", "k".repeat(256)])("cannot be %j", (text) =>
    expect(refusal(() => parseIdempotencyKey(text))).toBe("Idempotency-Key must be 1 to 255 visible ASCII characters"),
  );
});

describe("the type of a secret", () => {
  const types = "generic password api_key private_key certificate file note ssh_key env env_bundle".split(" ");

  test("is one of ten", () => {
    expect(types.map(parseSecretType)).toEqual(types);
    expect(defaultSecretType).toBe("generic");
  });

  test.each(["", "Generic", "api-key", "env ", "toString", "__proto__"])("cannot be %j", (text) =>
    expect(refusal(() => parseSecretType(text))).toBe(
      "type must be one of generic, password, api_key, private_key, certificate, file, note, ssh_key, env, env_bundle",
    ),
  );
});

describe("the name of a vault", () => {
  test.each([
    ["default", "default"],
    [" \t\nmy vault \r\n", "my vault"],
    ["\u00a0\u3000x\u2003", "x"],
    ["a/b|c", "a/b|c"],
    [".", "."],
    ["é", "é"],
    ["e\u0301", "e\u0301"],
    ["x".repeat(255), "x".repeat(255)],
    ["é".repeat(255), "é".repeat(255)],
    ["😀".repeat(255), "😀".repeat(255)],
    [`${" ".repeat(1_000)}x`, "x"],
  ])("%.20j is %.20j", (text, name) => expect(parseVaultName(text)).toBe(name));

  test.each([
    "",
    " ",
    "\n\t",
    "x".repeat(256),
    "😀".repeat(256),
    `${"😀".repeat(255)}x`,
    "x".repeat(5_000_000),
    "\ud83d",
    "a\ude00b",
    "\ude00\ud83d",
  ])("cannot be %.20j", (text) =>
    expect(refusal(() => parseVaultName(text))).toBe("name must be 1 to 255 characters of well-formed text"),
  );
});
