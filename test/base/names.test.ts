import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { InfoRequestSchema, ProbePermissionRequestSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import { isSecretName, isZid } from "../../src/base/names.ts";
import { createValidation } from "../../src/surfaces/kernel/validation.ts";

describe("a ZID", () => {
  test.each([
    "Z",
    "ZEQ07111111111",
    "ZEQ-SYS",
    "a b",
    " ",
    "é".repeat(64),
    "z".repeat(128),
    ".",
    "..",
    "日本",
    "\u00a0",
  ])("can be %j", (text) => expect(isZid(text)).toBe(true));

  test.each([
    "",
    "z".repeat(129),
    "é".repeat(65),
    "a|b",
    "|",
    "a\u0000",
    "\n",
    "\u007f",
    "\u0085",
    "\u009f",
    "\ud800",
    "a\udfff",
  ])("cannot be %j", (text) => expect(isZid(text)).toBe(false));
});

describe("the name of a secret", () => {
  test.each(["a", "A", "a ", "a/b/c", "...", ". ", "*", "%2F", "n".repeat(255), "日".repeat(85), "\ufffd", "😀"])(
    "can be %j",
    (text) => expect(isSecretName(text)).toBe(true),
  );

  test.each(["", ".", "..", "n".repeat(256), "日".repeat(86), "a|b", "\t", "\u0080", "\udc00"])(
    "cannot be %j",
    (text) => expect(isSecretName(text)).toBe(false),
  );
});

describe("the rules of the schema agree with the domain", () => {
  const validation = createValidation([]);
  const accepts = (check: () => void) => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  const near = (limit: number) => fc.string({ unit: "grapheme", minLength: limit - 3, maxLength: limit + 3 });
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ unit: "grapheme-composite", maxLength: 70 }),
    fc.string({
      unit: fc.constantFrom("a", "|", ".", "\u0000", "\u001f", " ", "~", "\u007f", "\u009f", "\u00a0", "é"),
      maxLength: 6,
    }),
    near(128),
    near(255),
    fc.constantFrom("n".repeat(128), "n".repeat(129), "n".repeat(255), "n".repeat(256)),
  );

  test("on names", () => {
    fc.assert(
      fc.property(texts, (name) => {
        const message = create(InfoRequestSchema, { name });
        expect(accepts(() => validation.check(InfoRequestSchema, message))).toBe(isSecretName(name));
      }),
      { numRuns: 2_000 },
    );
  });

  test("on ZIDs", () => {
    fc.assert(
      fc.property(texts, (asZid) => {
        const message = create(ProbePermissionRequestSchema, { name: "a", asZid });
        expect(accepts(() => validation.check(ProbePermissionRequestSchema, message))).toBe(isZid(asZid));
      }),
      { numRuns: 2_000 },
    );
  });

  test("on each single character of the first 300", () => {
    for (let code = 0; code < 300; code++) {
      const name = String.fromCharCode(code);
      const message = create(ProbePermissionRequestSchema, { name: "a", asZid: name, purpose: name });
      expect([name, accepts(() => validation.check(ProbePermissionRequestSchema, message))]).toEqual([
        name,
        isZid(name),
      ]);
    }
  });
});
