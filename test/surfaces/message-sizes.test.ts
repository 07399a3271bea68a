import {
  clone,
  create,
  createRegistry,
  type DescMessage,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import fc from "fast-check";
import { file_zsc_v1_rules } from "#gen/zsc/v1/rules_pb.js";
import { BatchReadRequestSchema, ReadRequestSchema, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { GrantRequestSchema, PermissionsSchema, SetRequestSchema, ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { createSketch, listSizeOf, maxBytesOf } from "../../src/surfaces/kernel/message-sizes.ts";
import { createValidation, type Validation } from "../../src/surfaces/kernel/validation.ts";
import { EchoRequestSchema } from "../gen/test/echo/v1/echo_pb.js";

const inputs = [...ZscAdmin.methods, ...ZeqContext.methods].map(({ input }) => input);
const validator = createValidator({ registry: createRegistry(file_zsc_v1_rules) });
const messagesOf = (schema: DescMessage, message: ReturnType<typeof create>) => {
  const result = validator.validate(schema, message);
  return result.kind === "invalid" ? [...new Set(result.violations.map((each) => each.message))].sort() : result.kind;
};

const validation = createValidation(inputs);
/** Knows no schema beforehand, and shows each message whole to the rules. */
const unsketched = createValidation([]);
const errorOf = ({ check }: Validation, schema: DescMessage, message: Message) => {
  try {
    return check(schema, message);
  } catch (error) {
    return (error as Error).message;
  }
};

describe("a sketch is refused for the reason of the whole, which stays as it was:", () => {
  const sized = (most: number) => fc.integer({ min: 0, max: 3 }).map((over) => "x".repeat(most - 1 + over));
  const texts = fc.oneof(
    sized(128),
    sized(255),
    fc.constantFrom("", "a", "|", "😀".repeat(64), "😀".repeat(65), "é".repeat(400), "x".repeat(100_000)),
  );
  const lists = (most: number) =>
    fc.tuple(fc.integer({ min: 0, max: most * 3 }), texts).map(([n, text]) => Array(n).fill(text));

  test.each<[DescMessage, fc.Arbitrary<object>]>([
    [GrantRequestSchema, fc.record({ name: texts, zid: texts })],
    [ReadRequestSchema, fc.record({ name: texts, purpose: texts, onBehalfOf: texts })],
    [BatchReadRequestSchema, fc.record({ names: lists(100), purpose: texts })],
    [
      SetRequestSchema,
      fc.record({
        name: texts,
        value: fc.constantFrom("", "v", "v".repeat(65_536), "v".repeat(65_537), "é".repeat(50_000)),
        purposeTag: texts,
        permissions: fc.option(fc.record({ zids: lists(1_000) }), { nil: undefined }),
      }),
    ],
  ])("%s", (schema, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (init) => {
        const message = create(schema, init as MessageInitShape<DescMessage>);
        const copy = clone(schema, message);
        expect(errorOf(validation, schema, message)).toEqual(errorOf(unsketched, schema, message));
        expect(message).toEqual(copy);
      }),
      { numRuns: 40 },
    );
  });
});

test.each([
  [BatchReadRequestSchema.field.names, 100, "too many names (>100)"],
  [PermissionsSchema.field.zids, 1_000, "too many permissions (>1000)"],
] as const)("%s has the size and the sentence of its rule", (field, most, sentence) => {
  expect(listSizeOf(field)).toEqual({ most, sentence });
  const message = create(field.parent, { [field.localName]: Array(most + 1).fill("a") });
  expect(messagesOf(field.parent, message)).toContain(sentence);
});

test("every list of a request has a bound", () => {
  const listsOf = ({ fields }: DescMessage): readonly unknown[] =>
    fields.flatMap((field) =>
      field.fieldKind === "list" ? [listSizeOf(field)] : field.fieldKind === "message" ? listsOf(field.message) : [],
    );
  const lists = inputs.flatMap(listsOf);
  expect(lists).toHaveLength(3);
  expect(lists).not.toContain(undefined);
});

test.each([
  [GrantRequestSchema, 65_536, 65_537],
  [BatchReadRequestSchema, 100 * 255 * 6, 200_000],
  [SetRequestSchema, 1_000 * 128 * 6 + 65_536 * 6, 1_300_000],
] as const)("%s has room for what its rules allow in JSON, and not much more", (schema, least, most) => {
  expect(maxBytesOf(schema)).toBeGreaterThanOrEqual(least);
  expect(maxBytesOf(schema)).toBeLessThan(most);
});

describe("the size of a list is judged before its items", () => {
  test.each<[DescMessage, object, string]>([
    [BatchReadRequestSchema, { names: Array(101).fill("") }, "too many names (>100)"],
    [BatchReadRequestSchema, { names: Array(100_000).fill("|") }, "too many names (>100)"],
    [
      SetRequestSchema,
      { name: "a", value: "v", permissions: { zids: Array(100_000).fill("|") } },
      "too many permissions (>1000)",
    ],
    [SetRequestSchema, { name: "", value: "v", permissions: { zids: Array(100_000).fill("|") } }, "name required"],
  ])("%s %#", (schema, init, sentence) => {
    const message = create(schema, init as MessageInitShape<DescMessage>);
    expect(() => validation.check(schema, message)).toThrow(sentence);
  });
});

test("a message that holds its own type has no largest size, and is made smaller like any other", () => {
  expect(maxBytesOf(EchoRequestSchema)).toBe(Number.POSITIVE_INFINITY);
  const message = create(EchoRequestSchema, { inner: { text: "a", inner: { text: "b" } } });
  expect(createSketch(EchoRequestSchema)(message)).toEqual(message);
});
