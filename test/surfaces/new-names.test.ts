import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { SetRequestSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import { VaultError } from "../../src/base/errors.ts";
import { isSecretName } from "../../src/base/names.ts";
import { createValidation } from "../../src/surfaces/kernel/validation.ts";

const validation = createValidation([SetRequestSchema]);

/** What `set` says to a name; undefined when it takes it. */
function refusalOf(name: string): string | undefined {
  try {
    validation.check(SetRequestSchema, create(SetRequestSchema, { name, value: "v" }));
    return undefined;
  } catch (error) {
    if (error instanceof VaultError) {
      return error.message;
    }
    throw error;
  }
}

/** What is left of a name when somebody on the way decodes it, however often, and normalises the path. */
function normalised(name: string): string {
  let decoded = name;
  for (let before = ""; before !== decoded; ) {
    before = decoded;
    decoded = decoded.replace(/%25/g, "%").replace(/%2e/gi, ".").replace(/%2f/gi, "/").replace(/%5c/gi, "\\");
  }
  // The URL of the browsers: a backslash is a slash, and segments of dots go.
  return new URL(`http://vault/api/zsc/${decoded.replace(/[?# ]/g, "_")}`).pathname;
}

const pieces = fc.constantFrom(
  "/",
  "\\",
  ".",
  "..",
  "a",
  "%2e",
  "%2E",
  "%2f",
  "%5C",
  "%252e",
  "%25",
  "%",
  ";",
  " ",
  "é",
);
const names = fc.array(pieces, { minLength: 1, maxLength: 9 }).map((parts) => parts.join(""));

test("set takes no name from which decoding and normalising take a segment away", () => {
  fc.assert(
    fc.property(names, (name) => {
      if (refusalOf(name) === undefined) {
        const segments = normalised(name).split("/").slice(3);
        const spelled = name.split(/[/\\]|%(?:25)*(?:2f|5c)/i);
        expect([name, segments.length]).toEqual([name, spelled.length]);
        expect(name.split("/")).not.toContain("");
      }
    }),
    { numRuns: 5_000 },
  );
});

test("set takes every name of segments that are neither empty nor of dots alone", () => {
  const segment = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((text) => isSecretName(text) && !/[/\\%;]/.test(text));
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
      fc.pre(isSecretName(segments.join("/")));
      expect(refusalOf(segments.join("/"))).toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["a/../b", "name is not safe in a path"],
  ["", "name required"],
  ["..", "name must not be . or .."],
  ["/\n", "name must not hold control characters or |"],
  [`/${"a".repeat(255)}`, "name too long (>255 bytes)"],
])("set says to %j: %s", (name, message) => expect(refusalOf(name)).toBe(message));
