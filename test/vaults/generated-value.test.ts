import fc from "fast-check";
import { type Charset, generateValue, parseCharset } from "../../src/vaults/charset.ts";
import { refusal } from "./refusal.ts";

const range = (from: string, to: string) =>
  Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, at) =>
    String.fromCharCode(from.charCodeAt(0) + at),
  );
const alphanumeric = [...range("0", "9"), ...range("A", "Z"), ...range("a", "z")];
const alphabets: [Charset, readonly string[]][] = [
  ["hex", [...range("0", "9"), ...range("a", "f")]],
  ["base64", ["+", "/", ...alphanumeric]],
  ["alphanumeric", alphanumeric],
  ["ascii", range("\u0021", "\u007e")],
];

/** A source that gives 0 to 255 over and over, one byte at a time of those asked for. */
function counting() {
  let next = 0;
  return (size: number) => Uint8Array.from({ length: size }, () => next++ % 256);
}

describe("a generated value", () => {
  test.each(alphabets)("of %s is made of each of its characters with the same probability", (charset, alphabet) => {
    // As many bytes as the source needs for whole rounds: every value that a byte can have comes equally often.
    const fair = Math.floor(256 / alphabet.length) * alphabet.length;
    const source = counting();
    const counts = new Map<string, number>();
    for (let value = 0; value < fair; value++) {
      for (const character of generateValue(8, charset, source).text()) {
        counts.set(character, (counts.get(character) ?? 0) + 1);
      }
    }
    expect([...counts.keys()].sort()).toEqual([...alphabet].sort());
    expect(new Set(counts.values())).toEqual(new Set([(8 * fair) / alphabet.length]));
  });

  test("has the length that was asked for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 1_024 }), fc.constantFrom(...alphabets), (length, [charset, alphabet]) => {
        const text = generateValue(length, charset).text();
        expect(text).toHaveLength(length);
        expect([...text].every((character) => alphabet.includes(character))).toBe(true);
      }),
    );
  });

  test("is another each time", () => {
    const texts = alphabets.flatMap(([charset]) =>
      Array.from({ length: 100 }, () => generateValue(32, charset).text()),
    );
    expect(new Set(texts).size).toBe(texts.length);
  });

  test("leaves none of the random bytes behind", () => {
    const given: Uint8Array[] = [];
    const source = (size: number) => {
      const bytes = new Uint8Array(size).fill(given.length === 0 ? 255 : 65);
      given.push(bytes);
      return bytes;
    };
    expect(generateValue(8, "ascii", source).text()).toHaveLength(8);
    expect(given).toHaveLength(2);
    expect(given.flatMap((bytes) => [...bytes])).toEqual(Array(16).fill(0));
  });

  test.each([7, 0, -8, 1_025, 8.5, Number.NaN, Number.POSITIVE_INFINITY])("cannot have %s characters", (length) => {
    expect(refusal(() => generateValue(length, "hex"))).toBe("length must be an integer from 8 to 1024");
  });
});

describe("a charset", () => {
  test.each(alphabets)("can be %s", (charset) => expect(parseCharset(charset)).toBe(charset));

  test.each(["", "HEX", "base32", "base64url", "toString", "__proto__", "hex "])("cannot be %j", (text) => {
    expect(refusal(() => parseCharset(text))).toBe("charset must be one of hex, base64, alphanumeric, ascii");
  });
});
