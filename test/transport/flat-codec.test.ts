import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { ReadRequestSchema, ReadResponseSchema, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { flatCodecOf } from "../../src/transport/framings/flat-codec.ts";
import { EchoService } from "../gen/test/echo/v1/echo_pb.js";

const schemas = new Map(
  [ZeqContext, ZscAdmin, EchoService].flatMap(({ methods }) =>
    methods.flatMap(({ input, output }) => [input, output].map((schema) => [schema.typeName, schema] as const)),
  ),
);

/** Whatever the types of TypeScript allow in a field, and a little more often what is usual. */
function arbitraryOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case "scalar":
      return scalarOf(field.scalar);
    case "enum":
      return fc.constantFrom(...field.enum.values.map(({ number }) => number));
    case "message":
      return messageOf(field.message, depth + 1);
    case "list":
      return fc.array(
        field.listKind === "scalar"
          ? scalarOf(field.scalar)
          : field.listKind === "message"
            ? messageOf(field.message, depth + 1)
            : fc.constant(0),
        { maxLength: 3 },
      );
    case "map":
      return fc.constant({});
  }
}

function scalarOf(type: ScalarType): fc.Arbitrary<unknown> {
  const text = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.integer({ min: 120, max: 132 }).map((length) => "é".repeat(length)),
    fc.integer({ min: 16_380, max: 16_390 }).map((length) => "x".repeat(length)),
  );
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 20 });
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return fc.constantFrom(0, 1.5, -1, 1e30);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 300n), fc.constant(2n ** 53n));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.nat(2 ** 32 - 1);
    default:
      return fc.integer();
  }
}

function messageOf(schema: DescMessage, depth = 0): fc.Arbitrary<Message> {
  const fields = schema.fields.filter(
    ({ oneof, message }) => oneof === undefined && (message === undefined || depth < 2),
  );
  const values = fields.map(
    (field) => [field.localName, fc.option(arbitraryOf(field, depth), { nil: undefined })] as const,
  );
  return fc.record(Object.fromEntries(values)).map((record) => {
    const set = Object.entries(record).filter(([, value]) => value !== undefined);
    return create(schema, Object.fromEntries(set) as never);
  });
}

describe("messages that are encoded without the library", () => {
  test.each([...schemas.values()].map((schema) => [schema.typeName, schema] as const))(
    "have its bytes: %s",
    (_name, schema) => {
      fc.assert(
        fc.property(messageOf(schema), fc.nat(9), (message, room) => {
          const flat = flatCodecOf(schema).encode(message, room);
          if (flat !== undefined) {
            expect(Buffer.compare(flat.subarray(room), toBinary(schema, message))).toBe(0);
          }
        }),
        { numRuns: 300 },
      );
    },
  );

  test.each([...schemas.values()].map((schema) => [schema.typeName, schema] as const))(
    "are decoded as it does: %s",
    (_name, schema) => {
      const bytes = fc.oneof(
        messageOf(schema).map((message) => toBinary(schema, message)),
        fc.tuple(messageOf(schema), fc.uint8Array({ maxLength: 5 }), fc.nat()).map(([message, noise, at]) => {
          const whole = toBinary(schema, message);
          const cut = at % (whole.length + 1);
          return Uint8Array.from([...whole.subarray(0, cut), ...noise, ...whole.subarray(cut)]);
        }),
        fc.uint8Array({ maxLength: 40 }),
      );
      fc.assert(
        fc.property(bytes, (each) => {
          const flat = flatCodecOf(schema).decode(each);
          if (flat !== undefined) {
            expect(flat).toEqual(fromBinary(schema, each));
          }
        }),
        { numRuns: 300 },
      );
    },
  );

  test("are those of a read, in both directions", () => {
    const receipt = { seq: 7n, rowHash: "0".repeat(64) };
    const answer = create(ReadResponseSchema, { name: "a", value: "key 🔑".repeat(3_000), receipt } as never);
    expect(flatCodecOf(ReadResponseSchema).encode(answer, 5)).toBeDefined();
    const request = toBinary(ReadRequestSchema, create(ReadRequestSchema, { name: "a/b", purpose: "deploy" }));
    expect(flatCodecOf(ReadRequestSchema).decode(request)).toEqual(fromBinary(ReadRequestSchema, request));
    expect(flatCodecOf(ReadRequestSchema).decode(request)).toBeDefined();
  });

  test.each([
    ["half a character", { value: "\ud800" }],
    ["a number that is no safe integer", { receipt: { seq: 2n ** 60n, rowHash: "" } }],
    ["a field of a type that it must not have", { value: 7 }],
  ])("are left to the library with %s", (_what, fields) => {
    const message = Object.assign(create(ReadResponseSchema), fields);
    expect(flatCodecOf(ReadResponseSchema).encode(message as never, 0)).toBeUndefined();
  });
});
