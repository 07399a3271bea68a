import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { createJsonDecoder, parseJsonObject } from "../../src/transport/json/decoder.ts";
import { createJsonEncoder } from "../../src/transport/json/encoder.ts";
import { JsonFieldError } from "../../src/transport/json/field-error.ts";
import { EchoRequestSchema, emit_null } from "../gen/test/echo/v1/echo_pb.js";

const decode = createJsonDecoder(EchoRequestSchema);
const encode = createJsonEncoder(EchoRequestSchema, { emitNull: emit_null });
const message = (init: MessageInitShape<typeof EchoRequestSchema>) => create(EchoRequestSchema, init);

describe("the decoder of JSON bodies", () => {
  const accepted: [JsonObject, MessageInitShape<typeof EchoRequestSchema>][] = [
    [{}, {}],
    [
      { text: "a", label: "" },
      { text: "a", label: "" },
    ],
    [{ text: null, label: null, words: null, inner: null, flag: null }, {}],
    [{ nobody: "knows", this: { field: [1] } }, {}],
    [
      { small: 5, big: "-5", positive: "18446744073709551615" },
      { small: 5, big: -5n, positive: 18446744073709551615n },
    ],
    [
      { small: "7", big: 7, positive: "7" },
      { small: 7, big: 7n, positive: 7n },
    ],
    [
      { small: 1.0, big: 1e3 },
      { small: 1, big: 1000n },
    ],
    [{ words: ["a", "", "\u0000"] }, { words: ["a", "", "\u0000"] }],
    [{ inner: { text: "x", inner: { flag: false } } }, { inner: { text: "x", inner: { flag: false } } }],
    [{ inners: [{ text: "x" }, {}] }, { inners: [{ text: "x" }, {}] }],
    [{ left: "l" }, { choice: { case: "left", value: "l" } }],
    [{ right: { text: "r" } }, { choice: { case: "right", value: { text: "r" } } }],
    [
      { ratio: 1.5, data: "AQI=", kind: "KIND_ONE", counts: { a: 1 } },
      { ratio: 1.5, data: new Uint8Array([1, 2]), kind: 1, counts: { a: 1 } },
    ],
    [{ at: "1970-01-01T00:00:01Z" }, { at: { seconds: 1n } }],
    [{ other_name: "yes" }, { renamed: "yes" }],
    [{ otherName: "no", renamed: "no" }, {}],
  ];
  test.each(accepted)("makes a message of %j", (json, init) => {
    expect(decode(json)).toEqual(message(init));
  });

  test.each<[JsonObject, string]>([
    [{ text: 5 }, "text must be a string"],
    [{ text: {} }, "text must be a string"],
    [{ text: ["secret"] }, "text must be a string"],
    [{ text: "\ud800" }, "text must be valid Unicode text"],
    [{ words: ["ok", "a\udc00b"] }, "words must be valid Unicode text"],
    [{ words: "secret" }, "words must be an array"],
    [{ words: [1] }, "words must be a string"],
    [{ words: [null] }, "words must be a string"],
    [{ flag: "true" }, "flag must be true or false"],
    [{ small: "secret" }, "small must be an integer"],
    [{ small: 1.5 }, "small must be an integer"],
    [{ small: true }, "small must be an integer"],
    [{ small: "" }, "small must be an integer"],
    [{ small: "1e3" }, "small must be an integer"],
    [{ small: 2 ** 31 }, "small must be an integer from -2147483648 to 2147483647"],
    [{ positive: -1 }, "positive must be an integer from 0 to 18446744073709551615"],
    [{ positive: "18446744073709551616" }, "positive must be an integer from 0 to 18446744073709551615"],
    [{ big: "9223372036854775808" }, "big must be an integer from -9223372036854775808 to 9223372036854775807"],
    [{ big: "999999999999999999999999" }, "big must be an integer"],
    [{ inner: "secret" }, "inner must be an object"],
    [{ inner: [] }, "inner must be an object"],
    [{ inners: [null] }, "inners must be an object"],
    [{ inner: { text: 1 } }, "text must be a string"],
    [{ ratio: "secret" }, "ratio is not well-formed"],
    [{ data: "*secret*" }, "data is not well-formed"],
    [{ kind: "SECRET" }, "kind is not well-formed"],
    [{ counts: { secret: "secret" } }, "counts is not well-formed"],
    [{ at: "secret" }, "at is not well-formed"],
    [{ other_name: 1 }, "other_name must be a string"],
  ])("refuses %j with a sentence of its own", (json, sentence) => {
    expect(() => decode(json)).toThrow(JsonFieldError);
    expect(() => decode(json)).toThrow(sentence);
  });

  test("tells the first field that is wrong, in the order of the schema, and what came before it", () => {
    let caught: unknown;
    try {
      decode({ words: 5, small: "x", text: "before", flag: true });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(JsonFieldError);
    const { field, partial } = caught as JsonFieldError;
    expect(field.name).toBe("small");
    expect(partial).toEqual(message({ text: "before", flag: true }));
  });

  test("takes the names of the schema only where it is asked to", () => {
    const decodeBoth = createJsonDecoder(EchoRequestSchema, { protoNames: true });
    expect(decodeBoth({ renamed: "yes" })).toEqual(message({ renamed: "yes" }));
    expect(decodeBoth({ other_name: "yes", renamed: "no" })).toEqual(message({ renamed: "yes" }));
  });

  test("does not mistake what objects inherit for fields", () => {
    expect(decode(JSON.parse('{"__proto__":{"text":"x"},"constructor":1}'))).toEqual(message({}));
  });
});

describe("the encoder of JSON answers", () => {
  test("writes what cannot be absent, and null where the schema asks for it", () => {
    expect(encode(message({}))).toEqual({
      text: "",
      flag: false,
      small: 0,
      words: [],
      inners: [],
      ratio: 0,
      data: "",
      kind: "KIND_UNSPECIFIED",
      counts: {},
      number: null,
      other_name: null,
    });
  });

  test("writes 64-bit integers as strings, or as numbers where the schema says so", () => {
    const json = encode(message({ big: -(2n ** 63n), positive: 0n, number: 2n ** 53n - 1n }));
    expect(json).toMatchObject({ big: "-9223372036854775808", positive: "0", number: 9007199254740991 });
  });

  test("writes the chosen field of a oneof and leaves the others out", () => {
    expect(encode(message({ choice: { case: "right", value: {} } }))).toMatchObject({ right: { text: "" } });
    expect(encode(message({ choice: { case: "left", value: "" } }))).toMatchObject({ left: "" });
    expect(encode(message({}))).not.toHaveProperty("left");
  });
});

test("what the encoder writes, the decoder reads", () => {
  const text = fc.string({ unit: "grapheme" });
  const inner = fc.record({ text, flag: fc.option(fc.boolean(), { nil: undefined }) });
  const init = fc.record({
    text,
    label: fc.option(text, { nil: undefined }),
    flag: fc.boolean(),
    small: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
    positive: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
    words: fc.array(text),
    inners: fc.array(inner),
    ratio: fc.double({ noNaN: true }),
    data: fc.uint8Array(),
    counts: fc.dictionary(text, fc.nat()),
    number: fc.option(fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }), { nil: undefined }),
  });
  fc.assert(
    fc.property(init, (fields) => {
      const original = message(fields as never);
      const wire = JSON.stringify(encode(original));
      expect(JSON.stringify(encode(decode(JSON.parse(wire))))).toBe(wire);
    }),
  );
});

describe("the reader of JSON bodies", () => {
  const bytes = (text: string) => Buffer.from(text, "utf8");
  const maxItems = 5_000;

  test.each(["", " ", "null", "5", '"text"', "[]", "[{}]", "{", '{"a":1,}', "{} {}", "{'a':1}"])(
    "refuses %j, which is no object",
    (text) => {
      expect(() => parseJsonObject(bytes(text), maxItems)).toThrow("body must be a JSON object");
    },
  );

  test("refuses bytes that are not UTF-8", () => {
    expect(() => parseJsonObject(Buffer.from('{"text":"\xff"}', "latin1"), maxItems)).toThrow(
      "body must be a JSON object",
    );
  });

  test("takes the last of a repeated key", () => {
    expect(parseJsonObject(bytes('{"a":1,"a":2}'), maxItems)).toEqual({ a: 2 });
  });

  test("is not overthrown by nested arrays", () => {
    const text = `{"text":"ok","deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(decode(parseJsonObject(bytes(text), maxItems))).toEqual(message({ text: "ok" }));
  });

  test.each([
    ["items", "[", "0,", "0]"],
    ["nested arrays", "[", "[".repeat(26), ""],
    ["nested objects", "", '{"a":', ""],
    ["keys", "{", '"a":0,', '"a":0}'],
    ["empty objects", "[", "{},", "{}]"],
    ["texts", "[", '"\\",",', "0]"],
  ])("refuses more values than it may hold before it parses them: %s", (_what, before, each, after) => {
    const text = `{"deep":${before}${each.repeat(maxItems + 1)}${after}}`;
    expect(() => parseJsonObject(bytes(text), maxItems)).toThrow("body has too many values (>5000)");
  });

  test.each([
    ["commas and brackets in a text", `{"text":"${",[{".repeat(maxItems)}"}`],
    ["escaped quotes in a text", `{"text":"${'\\",'.repeat(maxItems)}"}`],
    ["escaped backslashes in a text", `{"text":"${"\\\\".repeat(maxItems)},,,,"}`],
    ["spaces", `{"text":"a"${" ".repeat(maxItems)}}`],
    ["as many values as it may hold", `{"deep":[${"0,".repeat(maxItems - 3)}0]}`],
  ])("counts no values where there are none: %s", (_what, text) => {
    expect(parseJsonObject(bytes(text), maxItems)).toEqual(JSON.parse(text));
  });
});
