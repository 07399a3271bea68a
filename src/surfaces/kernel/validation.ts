import { setImmediate } from "node:timers/promises";
import { create, createRegistry, type DescMessage, type Message } from "@bufbuild/protobuf";
import { createValidator, type Validator, type Violation } from "@bufbuild/protovalidate";
import { file_zsc_v1_rules } from "#gen/zsc/v1/rules_pb.js";
import { VaultError } from "../../base/index.ts";
import { createSketch, type Sketch } from "./message-sizes.ts";
import { createPlainCheck, type PlainCheck } from "./plain-fields.ts";

export interface Validation {
  /** @throws VaultError `INVALID_ARGUMENT` with the message of the first field, by number, that breaks a rule */
  check(schema: DescMessage, message: Message): void;
  /** The error of the first field that breaks a rule and whose number is below `fieldNumber`. */
  checkBefore(schema: DescMessage, message: Message, fieldNumber: number): void;
  /**
   * Compiles the rules in advance, which takes about 90 ms in all: one message type at a time, with calls served in
   * between. An earlier call compiles the rules that it needs.
   */
  warmUp(): Promise<void>;
}

/** Validates by the schema's rules, with a fast path for the messages in `schemas`. */
export function createValidation(schemas: readonly DescMessage[]): Validation {
  const sketches = new Map<DescMessage, Sketch>(schemas.map((schema) => [schema, createSketch(schema)]));
  const plainChecks = new Map<DescMessage, PlainCheck>(schemas.map((schema) => [schema, createPlainCheck(schema)]));
  let validator: Validator | undefined;
  const validate = (schema: DescMessage, message: Message) => {
    validator ??= createValidator({ registry: createRegistry(file_zsc_v1_rules) });
    return validator.validate(schema, message);
  };
  const checkBefore = (schema: DescMessage, message: Message, fieldNumber: number) => {
    if (plainChecks.get(schema)?.(message)) {
      return;
    }
    const result = validate(schema, sketches.get(schema)?.(message) ?? message);
    if (result.kind === "valid") {
      return;
    }
    if (result.kind === "error") {
      throw result.error;
    }
    const first = firstOf(result.violations, schema);
    if (rankOf(first, schema) < fieldNumber) {
      throw new VaultError("INVALID_ARGUMENT", first.message);
    }
  };
  return {
    checkBefore,
    check: (schema, message) => checkBefore(schema, message, Number.POSITIVE_INFINITY),
    async warmUp() {
      for (const schema of schemas) {
        validate(schema, create(schema));
        await setImmediate();
      }
    },
  };
}

/**
 * The first violation: fields in the order of their numbers, a list before its items. A message-level rule belongs to
 * the field whose name begins its id. `max_items` is skipped: another rule states the same limit with our own message.
 */
function firstOf(violations: readonly Violation[], schema: DescMessage): Violation {
  const [first] = violations
    .filter(({ ruleId }) => ruleId !== "repeated.max_items")
    .sort((a, b) => rankOf(a, schema) - rankOf(b, schema) || a.field.length - b.field.length);
  if (first === undefined) {
    throw new Error("a violation without a violation");
  }
  return first;
}

function rankOf(violation: Violation, schema: DescMessage): number {
  const [element] = violation.field;
  if (element?.kind === "field") {
    return element.number;
  }
  const name = violation.ruleId.slice(0, violation.ruleId.indexOf("."));
  return schema.fields.find((field) => field.name === name)?.number ?? Number.MAX_SAFE_INTEGER;
}
