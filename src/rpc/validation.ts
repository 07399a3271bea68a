import { create, createRegistry, type DescMessage, type Message } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { file_zsc_v1_rules } from "#gen/zsc/v1/rules_pb.js";
import { VaultError } from "../domain/errors.ts";
import { createPlainCheck, type PlainCheck } from "./plain-fields.ts";

export interface Validation {
  /** @throws VaultError `INVALID_ARGUMENT` with the message of the first field, by number, that breaks a rule */
  check(schema: DescMessage, message: Message): void;
  /** The error of the first field that breaks a rule and whose number is below `fieldNumber`. */
  checkBefore(schema: DescMessage, message: Message, fieldNumber: number): void;
}

/**
 * The rules in the schema. Those of the messages in `warm` are compiled now, which takes some 90 ms, and not when the
 * first call needs them.
 */
export function createValidation(warm: readonly DescMessage[]): Validation {
  const validator = createValidator({ registry: createRegistry(file_zsc_v1_rules) });
  const plainChecks = new Map<DescMessage, PlainCheck>(warm.map((schema) => [schema, createPlainCheck(schema)]));
  const checkBefore = (schema: DescMessage, message: Message, fieldNumber: number) => {
    if (plainChecks.get(schema)?.(message)) return;
    const result = validator.validate(schema, message);
    if (result.kind === "valid") return;
    if (result.kind === "error") throw result.error;
    const first = firstOf(result.violations, schema);
    if (rankOf(first, schema) < fieldNumber) throw new VaultError("INVALID_ARGUMENT", first.message);
  };
  for (const schema of warm) validator.validate(schema, create(schema));
  return { checkBefore, check: (schema, message) => checkBefore(schema, message, Number.POSITIVE_INFINITY) };
}

/** Fields in the order of their numbers; a rule of the message counts for the field that begins its id. */
function firstOf(violations: readonly Violation[], schema: DescMessage): Violation {
  const [first] = [...violations].sort((a, b) => rankOf(a, schema) - rankOf(b, schema));
  if (first === undefined) throw new Error("a violation without a violation");
  return first;
}

function rankOf(violation: Violation, schema: DescMessage): number {
  const [element] = violation.field;
  if (element?.kind === "field") return element.number;
  const name = violation.ruleId.slice(0, violation.ruleId.indexOf("."));
  return schema.fields.find((field) => field.name === name)?.number ?? Number.MAX_SAFE_INTEGER;
}
