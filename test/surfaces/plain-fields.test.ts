import { create, createRegistry, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import fc from "fast-check";
import { file_zsc_v1_rules } from "#gen/zsc/v1/rules_pb.js";
import { BatchReadRequestSchema, ReadRequestSchema } from "#gen/zsc/v1/zeq_context_pb.js";
import {
  AuditRequestSchema,
  DeleteRequestSchema,
  GrantRequestSchema,
  InfoRequestSchema,
  ListRequestSchema,
  PermissionsSchema,
  ProbePermissionRequestSchema,
  RevokeRequestSchema,
  RotateRequestSchema,
  SetRequestSchema,
} from "#gen/zsc/v1/zsc_admin_pb.js";
import { isLabel, isSecretName, isZid } from "../../src/base/names.ts";
import { createPlainCheck } from "../../src/surfaces/kernel/plain-fields.ts";

const validator = createValidator({ registry: createRegistry(file_zsc_v1_rules) });

function isValid<D extends DescMessage>(schema: D, init: MessageInitShape<D>): boolean {
  return validator.validate(schema, create(schema, init)).kind === "valid";
}

function isPlain<D extends DescMessage>(schema: D, init: MessageInitShape<D>): boolean {
  return createPlainCheck(schema)(create(schema, init));
}

const texts = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
  {
    weight: 2,
    arbitrary: fc.string({ unit: fc.constantFrom(".", "|", "\u0000", "\u009f", "é", "日", "a"), maxLength: 4 }),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 125, maxLength: 131 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 252, maxLength: 258 }) },
  { weight: 1, arbitrary: fc.constantFrom("x".repeat(128), "x".repeat(129), "x".repeat(255), "x".repeat(256)) },
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

describe("a message that the plain check accepts breaks no rule of the schema, and the other way round:", () => {
  const agrees = <D extends DescMessage>(schema: D, arbitrary: fc.Arbitrary<MessageInitShape<D>>) => {
    const check = createPlainCheck(schema);
    fc.assert(
      fc.property(arbitrary, (init) => {
        const message = create(schema, init);
        expect(check(message)).toBe(validator.validate(schema, message).kind === "valid");
      }),
      { numRuns: 700 },
    );
  };

  test.each([InfoRequestSchema, RotateRequestSchema, DeleteRequestSchema] as const)("%s", (schema) => {
    agrees<DescMessage>(schema, fc.record({ name: texts }) as fc.Arbitrary<MessageInitShape<DescMessage>>);
  });

  test.each([GrantRequestSchema, RevokeRequestSchema] as const)("%s", (schema) => {
    agrees<DescMessage>(schema, fc.record({ name: texts, zid: texts }) as fc.Arbitrary<MessageInitShape<DescMessage>>);
  });

  test("ReadRequest", () => {
    agrees(ReadRequestSchema, fc.record({ name: texts, purpose: optional(texts), onBehalfOf: optional(texts) }));
  });

  test("ProbePermissionRequest", () => {
    agrees(ProbePermissionRequestSchema, fc.record({ name: texts, asZid: texts, purpose: optional(texts) }));
  });

  test("AuditRequest without a limit", () => {
    agrees(AuditRequestSchema, fc.record({ name: texts }));
  });
});

describe("the plain check leaves to the rules of the schema", () => {
  test("fields with rules that it does not know, unless they are absent", () => {
    expect(isPlain(AuditRequestSchema, { name: "a", limit: 5n })).toBe(false);
    expect(isPlain(ListRequestSchema, {})).toBe(true);
    expect(isPlain(ListRequestSchema, { pageSize: 5 })).toBe(false);
    expect(isPlain(ListRequestSchema, { pageToken: "" })).toBe(false);
  });

  test("lists, and messages with rules of their own", () => {
    expect(isPlain(BatchReadRequestSchema, { names: ["a"] })).toBe(false);
    expect(isPlain(PermissionsSchema, { zids: ["a"] })).toBe(false);
    expect(isPlain(SetRequestSchema, { name: "a", value: "v" })).toBe(false);
  });

  test("text with half a character, which is no text of ours", () => {
    expect(isPlain(InfoRequestSchema, { name: "\ud800" })).toBe(false);
  });
});

test("the words of the domain are those of the schema", () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(isSecretName(text)).toBe(isValid(InfoRequestSchema, { name: text }));
      expect(isZid(text)).toBe(isValid(GrantRequestSchema, { name: "a", zid: text }));
      expect(isLabel(text)).toBe(isValid(ReadRequestSchema, { name: "a", purpose: text }));
    }),
    { numRuns: 700 },
  );
});
