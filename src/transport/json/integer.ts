import { type DescField, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { JsonFieldError } from "./field-error.ts";

interface IntegerType {
  readonly min: bigint;
  readonly max: bigint;
  /** Whether a message holds the value as a bigint. */
  readonly isLong: boolean;
}

const int32: IntegerType = { min: -(2n ** 31n), max: 2n ** 31n - 1n, isLong: false };
const uint32: IntegerType = { min: 0n, max: 2n ** 32n - 1n, isLong: false };
const int64: IntegerType = { min: -(2n ** 63n), max: 2n ** 63n - 1n, isLong: true };
const uint64: IntegerType = { min: 0n, max: 2n ** 64n - 1n, isLong: true };

const integerTypes: ReadonlyMap<ScalarType | undefined, IntegerType> = new Map([
  [ScalarType.INT32, int32],
  [ScalarType.SINT32, int32],
  [ScalarType.SFIXED32, int32],
  [ScalarType.UINT32, uint32],
  [ScalarType.FIXED32, uint32],
  [ScalarType.INT64, int64],
  [ScalarType.SINT64, int64],
  [ScalarType.SFIXED64, int64],
  [ScalarType.UINT64, uint64],
  [ScalarType.FIXED64, uint64],
]);

/** The reader of an integer field, from a JSON number or a decimal string; undefined for other types. */
export function integerReader(field: DescField): ((value: JsonValue) => unknown) | undefined {
  const type = integerTypes.get(field.scalar);
  if (type === undefined) {
    return undefined;
  }
  const isText = "longAsString" in field && field.longAsString === true;
  return (value) => {
    const integer = parseInteger(value);
    if (integer === undefined) {
      throw new JsonFieldError(field, "must be an integer");
    }
    if (integer < type.min || integer > type.max) {
      throw new JsonFieldError(field, `must be an integer from ${type.min} to ${type.max}`);
    }
    return !type.isLong ? Number(integer) : isText ? String(integer) : integer;
  };
}

function parseInteger(value: JsonValue): bigint | undefined {
  if (typeof value === "number") {
    return Number.isInteger(value) ? BigInt(value) : undefined;
  }
  return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}
