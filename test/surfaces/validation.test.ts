import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { BatchReadRequestSchema, ReadRequestSchema, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import {
  AuditRequestSchema,
  DeleteRequestSchema,
  GrantRequestSchema,
  InfoRequestSchema,
  ListRequestSchema,
  ProbePermissionRequestSchema,
  RevokeRequestSchema,
  RotateRequestSchema,
  SetRequestSchema,
  ZscAdmin,
} from "#gen/zsc/v1/zsc_admin_pb.js";
import { VaultError } from "../../src/base/errors.ts";
import { createValidation } from "../../src/surfaces/kernel/validation.ts";

const inputs = [...ZscAdmin.methods, ...ZeqContext.methods].map(({ input }) => input);
const validation = createValidation(inputs);

/** The error of a message; undefined when it is valid. */
function errorOf<D extends DescMessage>(schema: D, init: MessageInitShape<D>, before?: number): string | undefined {
  try {
    if (before === undefined) {
      validation.check(schema, create(schema, init));
    } else {
      validation.checkBefore(schema, create(schema, init), before);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof VaultError)) {
      throw error;
    }
    expect(error.code).toBe("INVALID_ARGUMENT");
    return error.message;
  }
}

const long = (bytes: number) => "x".repeat(bytes);

const badNames: readonly (readonly [string, string])[] = [
  ["", "name required"],
  [long(256), "name too long (>255 bytes)"],
  ["é".repeat(128), "name too long (>255 bytes)"],
  ["a\nb", "name must not hold control characters or |"],
  ["a|b", "name must not hold control characters or |"],
  ["a\u0000", "name must not hold control characters or |"],
  [".", "name must not be . or .."],
  ["..", "name must not be . or .."],
];

const badZids = (field: string): readonly (readonly [string, string])[] => [
  ["", `${field} required`],
  [long(129), `${field} too long (>128 bytes)`],
  ["日".repeat(43), `${field} too long (>128 bytes)`],
  ["a\u007fb", `${field} must not hold control characters or |`],
  ["a|b", `${field} must not hold control characters or |`],
];

const badLabels = (field: string) => badZids(field).slice(1);

test("warming up changes no verdict", async () => {
  const warm = createValidation(inputs);
  await warm.warmUp();
  const good = create(SetRequestSchema, { name: "n", value: "v", purposeTag: "tag" });
  expect(warm.check(SetRequestSchema, good)).toBeUndefined();
  const bad = create(SetRequestSchema, { name: "n", value: "" });
  for (const each of [warm, createValidation(inputs)]) {
    expect(() => each.check(SetRequestSchema, bad)).toThrow(
      new VaultError("INVALID_ARGUMENT", "value cannot be empty"),
    );
  }
});

describe("the name is judged in the same words by", () => {
  test.each([
    InfoRequestSchema,
    SetRequestSchema,
    RotateRequestSchema,
    GrantRequestSchema,
    RevokeRequestSchema,
    AuditRequestSchema,
    ProbePermissionRequestSchema,
    DeleteRequestSchema,
    ReadRequestSchema,
  ] as const)("%s", (schema) => {
    for (const [name, message] of badNames) {
      expect(errorOf(schema, { name })).toBe(message);
    }
  });

  test("BatchRead, for each of its names", () => {
    for (const [name, message] of badNames) {
      expect(errorOf(BatchReadRequestSchema, { names: ["a", name, "b"] })).toBe(message);
    }
  });
});

describe("ZIDs and labels are judged under their own names", () => {
  test.each(badZids("zid"))("zid %j: %s", (zid, message) => {
    expect(errorOf(GrantRequestSchema, { name: "a", zid })).toBe(message);
    expect(errorOf(RevokeRequestSchema, { name: "a", zid })).toBe(message);
  });

  test.each(badZids("asZid"))("asZid %j: %s", (asZid, message) => {
    expect(errorOf(ProbePermissionRequestSchema, { name: "a", asZid })).toBe(message);
  });

  test.each(badZids("onBehalfOf"))("onBehalfOf %j: %s", (onBehalfOf, message) => {
    expect(errorOf(ReadRequestSchema, { name: "a", onBehalfOf })).toBe(message);
    expect(errorOf(BatchReadRequestSchema, { names: ["a"], onBehalfOf })).toBe(message);
  });

  test.each(badZids("boundZid"))("boundZid %j: %s", (boundZid, message) => {
    expect(errorOf(SetRequestSchema, { name: "a", value: "v", boundZid })).toBe(message);
  });

  test.each(badZids("permission"))("a permission %j: %s", (zid, message) => {
    expect(errorOf(SetRequestSchema, { name: "a", value: "v", permissions: { zids: ["ZEQ-1", zid] } })).toBe(message);
  });

  test.each(badLabels("purpose"))("purpose %j: %s", (purpose, message) => {
    expect(errorOf(ReadRequestSchema, { name: "a", purpose })).toBe(message);
    expect(errorOf(BatchReadRequestSchema, { names: ["a"], purpose })).toBe(message);
    expect(errorOf(ProbePermissionRequestSchema, { name: "a", asZid: "Z", purpose })).toBe(message);
  });

  test.each(badLabels("purposeTag"))("purposeTag %j: %s", (purposeTag, message) => {
    expect(errorOf(SetRequestSchema, { name: "a", value: "v", purposeTag })).toBe(message);
  });
});

describe("each message says what is wrong with it", () => {
  test.each([
    [{}, "value must be a string"],
    [{ value: "" }, "value cannot be empty"],
    [{ value: long(65_537) }, "value too large (>64KB)"],
    [{ value: "é".repeat(32_769) }, "value too large (>64KB)"],
    [
      { value: "v", expiresZeqond: 9_007_199_254_740_992n },
      "expiresZeqond must be an integer from 0 to 9007199254740991",
    ],
    [{ value: "v", expiresZeqond: 1n, expiresNever: true }, "expiresZeqond and expiresNever exclude each other"],
    [{ value: "v", permissions: { zids: Array(1_001).fill("Z") } }, "too many permissions (>1000)"],
  ])("set %#: %s", (fields, message) => {
    expect(errorOf(SetRequestSchema, { name: "a", ...fields })).toBe(message);
  });

  test.each([
    [[], "names required"],
    [Array(101).fill("a"), "too many names (>100)"],
  ])("names %#: %s", (names, message) => {
    expect(errorOf(BatchReadRequestSchema, { names })).toBe(message);
  });

  test.each([0n, -1n, -9_223_372_036_854_775_808n])("limit %s", (limit) => {
    expect(errorOf(AuditRequestSchema, { name: "a", limit })).toBe("limit must be an integer of at least 1");
  });

  test.each([0, -1, 10_001, 2_147_483_647])("pageSize %s", (pageSize) => {
    expect(errorOf(ListRequestSchema, { pageSize })).toBe("pageSize must be from 1 to 10000");
  });

  test("pageToken", () => {
    expect(errorOf(ListRequestSchema, { pageToken: long(741) })).toBe("pageToken is not one of ours");
  });
});

describe("of several things that are wrong the first field decides", () => {
  const bad = "|";

  test("of set: name, value, purposeTag, boundZid, permissions, expiresZeqond", () => {
    const wrong = {
      purposeTag: bad,
      boundZid: bad,
      permissions: { zids: [bad] },
      expiresZeqond: 9_007_199_254_740_992n,
      expiresNever: true,
    };
    const { purposeTag: _tag, ...afterTag } = wrong;
    const { boundZid: _zid, ...afterZid } = afterTag;
    const { permissions: _permissions, ...afterPermissions } = afterZid;
    const forbidden = "must not hold control characters or |";
    expect(errorOf(SetRequestSchema, { name: bad, ...wrong })).toBe(`name ${forbidden}`);
    expect(errorOf(SetRequestSchema, { ...wrong })).toBe("name required");
    expect(errorOf(SetRequestSchema, { name: "a", ...wrong })).toBe("value must be a string");
    expect(errorOf(SetRequestSchema, { name: "a", value: "", ...wrong })).toBe("value cannot be empty");
    expect(errorOf(SetRequestSchema, { name: "a", value: "v", ...wrong })).toBe(`purposeTag ${forbidden}`);
    expect(errorOf(SetRequestSchema, { name: "a", value: "v", ...afterTag })).toBe(`boundZid ${forbidden}`);
    expect(errorOf(SetRequestSchema, { name: "a", value: "v", ...afterZid })).toBe(`permission ${forbidden}`);
    expect(errorOf(SetRequestSchema, { name: "a", value: "v", ...afterPermissions })).toMatch(/^expiresZeqond must be/);
  });

  test.each([
    [GrantRequestSchema, { zid: bad }],
    [RevokeRequestSchema, { zid: bad }],
    [ProbePermissionRequestSchema, { asZid: bad, purpose: bad }],
    [AuditRequestSchema, { limit: 0n }],
    [ReadRequestSchema, { purpose: bad, onBehalfOf: bad }],
  ] as const)("of %s: the name", (schema, fields) => {
    expect(errorOf(schema, fields)).toBe("name required");
  });

  test("of a probe, a read, a batch: what stands before", () => {
    expect(errorOf(ProbePermissionRequestSchema, { name: "a", asZid: bad, purpose: bad })).toMatch(/^asZid/);
    expect(errorOf(ReadRequestSchema, { name: "a", purpose: bad, onBehalfOf: bad })).toMatch(/^purpose/);
    expect(errorOf(BatchReadRequestSchema, { purpose: bad, onBehalfOf: bad })).toBe("names required");
    expect(errorOf(BatchReadRequestSchema, { names: ["a"], purpose: bad, onBehalfOf: bad })).toMatch(/^purpose/);
    expect(errorOf(ListRequestSchema, { pageSize: 0, pageToken: long(741) })).toMatch(/^pageSize/);
  });

  test("up to a field that is wrong in another way: only what stands before counts", () => {
    const wrong = { name: "a", purposeTag: bad };
    expect(errorOf(SetRequestSchema, wrong, 2)).toBeUndefined();
    expect(errorOf(SetRequestSchema, wrong, 3)).toBe("value must be a string");
    expect(errorOf(SetRequestSchema, { ...wrong, value: "v" }, 3)).toBeUndefined();
    expect(errorOf(SetRequestSchema, { ...wrong, value: "v" }, 4)).toBe(
      "purposeTag must not hold control characters or |",
    );
    expect(errorOf(SetRequestSchema, { value: "v", expiresZeqond: 1n, expiresNever: true }, 1)).toBeUndefined();
    expect(
      errorOf(SetRequestSchema, { name: "a", value: "v", expiresZeqond: 1n, expiresNever: true }, 7),
    ).toBeUndefined();
  });
});

describe("what is at the limits is valid", () => {
  test.each([
    [InfoRequestSchema, { name: long(255) }],
    [InfoRequestSchema, { name: "日".repeat(85) }],
    [InfoRequestSchema, { name: "..." }],
    [SetRequestSchema, { name: "a", value: "\u0000" }],
    [SetRequestSchema, { name: "a", value: long(65_536), purposeTag: "", expiresZeqond: 0n }],
    [SetRequestSchema, { name: "a", value: "é".repeat(32_768), expiresNever: true }],
    [SetRequestSchema, { name: "a", value: "v", permissions: { zids: [] }, expiresZeqond: 9_007_199_254_740_991n }],
    [SetRequestSchema, { name: "a", value: "v", permissions: { zids: Array(1_000).fill(long(128)) } }],
    [GrantRequestSchema, { name: ".x", zid: long(128) }],
    [ProbePermissionRequestSchema, { name: "a", asZid: "日".repeat(42), purpose: "" }],
    [AuditRequestSchema, { name: "a" }],
    [AuditRequestSchema, { name: "a", limit: 9_223_372_036_854_775_807n }],
    [ListRequestSchema, {}],
    [ListRequestSchema, { pageSize: 10_000, pageToken: long(740) }],
    [ReadRequestSchema, { name: "a", purpose: long(128), onBehalfOf: "Z" }],
    [BatchReadRequestSchema, { names: Array(100).fill("a"), purpose: "" }],
  ] as const)("%#: %s", (schema, fields) => {
    expect(errorOf<DescMessage>(schema, fields)).toBeUndefined();
  });
});
