import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { AuditRowSchema, SecretMetadataSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import { auditColumns } from "../../src/ledger/row.ts";
import { metadataOf } from "../../src/secrets/secret.ts";
import { auditRowOf } from "../../src/store/sql/stored.ts";
import { auditRowMessage, metadataMessage } from "../../src/surfaces/zsc/messages.ts";
import { secretNamed } from "../support/ledger.ts";

/** Whatever a driver may bring of a column, when somebody has changed the table. */
const anything = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt().map(String),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(null, undefined, true, -1, 2 ** 64, -(2 ** 63), "18446744073709551615", Number.NaN, Infinity, "-1"),
  fc.date({ noInvalidDate: false }),
);

test("any row of the log gives a message that can be sent and read", () => {
  const columns = fc.tuple(...auditColumns.map(() => anything));
  fc.assert(
    fc.property(columns, (row) => {
      const message = auditRowMessage(auditRowOf(row));
      expect(fromBinary(AuditRowSchema, toBinary(AuditRowSchema, message))).toEqual(message);
    }),
    { numRuns: 3_000 },
  );
});

test("any counter and any expiry of a secret gives metadata that can be sent and read", () => {
  const numbers = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.constantFrom(2 ** 64, -1, Number.NaN));
  fc.assert(
    fc.property(numbers, numbers, numbers, (readCount, lastReadZeqond, expiresZeqond) => {
      const secret = secretNamed("a", { readCount, lastReadZeqond, expiresZeqond });
      const message = metadataMessage(metadataOf(secret));
      expect(fromBinary(SecretMetadataSchema, toBinary(SecretMetadataSchema, message))).toEqual(message);
    }),
    { numRuns: 2_000 },
  );
});

test.each<[unknown, bigint]>([
  [-1, 0n],
  ["-9223372036854775808", 0n],
  [Number.NaN, 0n],
  ["no number", 0n],
  [null, 0n],
  [1.5, 1n],
  [2_289_605_501, 2_289_605_501n],
  ["9007199254740991", 9_007_199_254_740_991n],
  ["18446744073709551615", 18_446_744_073_709_551_615n],
])("the Zeqond %j of a row is shown as %d", (stored, shown) => {
  const row = auditColumns.map((column) => (column === "zeqond_number" ? stored : "1"));
  expect(auditRowMessage(auditRowOf(row)).zeqondNumber).toBe(shown);
});
