import fc from "fast-check";
import { bind, literal, tuple } from "../../src/store/mysql/literals.ts";

/** The bytes that a literal means, whatever the character set and `sql_mode` of whoever reads it. */
function bytesOf(sql: string): Buffer {
  expect(sql).toMatch(/^('[ -&(-[\]-~]*'|X'([0-9a-f]{2})*')$/);
  return sql.startsWith("X") ? Buffer.from(sql.slice(2, -1), "hex") : Buffer.from(sql.slice(1, -1), "latin1");
}

test("a text is a literal of its UTF-8 in printable ASCII, with no quote and no backslash in it", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "binary-ascii" }), fc.string());
  fc.assert(fc.property(text, (value) => expect(bytesOf(literal(value))).toEqual(Buffer.from(value, "utf8"))));
});

test("bytes are a literal of themselves, also as a part of a larger buffer", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(9), (value, start) => {
      const part = value.subarray(start);
      expect(bytesOf(literal(part))).toEqual(Buffer.from(part));
    }),
  );
});

test.each([
  [0, "0"],
  [-7, "-7"],
  [Number.MAX_SAFE_INTEGER, "9007199254740991"],
  [null, "NULL"],
  [["a", 1, null, "é"], "'a', 1, NULL, X'c3a9'"],
])("%j is %s", (value, sql) => {
  expect(literal(value)).toBe(sql);
});

test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, true, undefined, { toSqlString: () => "1" }, 1n])(
  "%p is refused: no column has such a value",
  (value) => {
    expect(() => literal(value)).toThrow(TypeError);
  },
);

test("values take the places of the question marks, and bring none of their own", () => {
  expect(bind("SELECT ?, ? LIMIT ?", ["?", "'?", 3])).toBe("SELECT '?', X'273f' LIMIT 3");
  expect(tuple(["?", 1])).toBe("('?', 1)");
});

test.each([[["a"]], [["a", "b", "c"]]])("statements with places for two refuse %j", (values) => {
  expect(() => bind("SELECT ?, ?", values)).toThrow(TypeError);
});
