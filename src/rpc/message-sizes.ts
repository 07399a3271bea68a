import { type DescField, type DescMessage, getOption, hasExtension, type Message } from "@bufbuild/protobuf";
import type { GenExtension } from "@bufbuild/protobuf/codegenv2";
import { type FieldRules, field as fieldRules, type StringRules } from "#gen/buf/validate/validate_pb.js";
import { secret_value } from "#gen/zsc/v1/rules_pb.js";
import { maxValueBytes } from "../domain/names.ts";
import { words } from "./plain-fields.ts";

/** How many items the rules of the schema allow in a list, and what a caller hears who sends more. */
export interface ListSize {
  readonly most: number;
  readonly sentence: string;
}

export function listSizeOf(field: DescField): ListSize | undefined {
  const rules = getOption(field, fieldRules);
  if (rules.type.case !== "repeated" || rules.type.value.maxItems === 0n) {
    return undefined;
  }
  const most = Number(rules.type.value.maxItems);
  return { most, sentence: `too many ${subjectOf(rules) ?? field.jsonName} (>${most})` };
}

/** What a rule is about: its id begins with it. */
function subjectOf({ cel }: FieldRules): string | undefined {
  return cel[0]?.id.split(".", 1)[0];
}

/** Room for what the rules allow and some more, so that a mistake of some size is told in words of its own. */
export const minMessageBytes = 65_536;

/** The most bytes that a message needs which breaks no rule of its schema, in the widest of its codecs: escaped JSON. */
export function maxBytesOf(schema: DescMessage): number {
  return Math.max(minMessageBytes, bytesOfFields(schema));
}

const escapeBytes = 6;
const punctuationBytes = 6;

function bytesOfFields({ fields }: DescMessage): number {
  return fields.reduce((sum, field) => sum + field.jsonName.length + punctuationBytes + bytesOfValue(field), 0);
}

function bytesOfValue(field: DescField): number {
  const one =
    field.message === undefined ? escapeBytes * (textRuleOf(field)?.maxBytes ?? 0) : bytesOfFields(field.message);
  return field.fieldKind === "list"
    ? (listSizeOf(field)?.most ?? Number.POSITIVE_INFINITY) * (one + punctuationBytes)
    : one;
}

interface TextRule {
  readonly rule: GenExtension<StringRules, string>;
  readonly maxBytes: number;
  accepts(text: string): boolean;
}

const textRules: readonly TextRule[] = [
  ...words,
  // No list holds values, so that nobody asks.
  { rule: secret_value, maxBytes: maxValueBytes, accepts: () => false },
];

/** The rule of ours for a text, or for each text of a list. */
function textRuleOf(field: DescField): TextRule | undefined {
  const { type } = getOption(field, fieldRules);
  const rules = type.case === "repeated" ? type.value.items?.type : type;
  return rules?.case === "string" ? textRules.find(({ rule }) => hasExtension(rules.value, rule)) : undefined;
}

/** Makes a message that breaks the same rules for the same reasons as the one given, and is small. */
export type Sketch = (message: Message) => Message;

/**
 * Rules cost by the item and by the character. What is one over its bound breaks the same rule as what is a million over
 * it, and of many items the first bad one tells as much as all of them.
 */
export function createSketch({ fields }: DescMessage): Sketch {
  const parts = fields.map((field) => ({ name: field.localName, shrink: shrinkOf(field) }));
  return (message) => {
    const sketch = Object.assign(Object.create(Object.getPrototypeOf(message)), message);
    for (const { name, shrink } of parts) {
      sketch[name] = shrink(sketch[name]);
    }
    return sketch;
  };
}

type Shrink = (value: unknown) => unknown;

function shrinkOf(field: DescField): Shrink {
  if (field.fieldKind === "message") {
    const sketch = createSketch(field.message);
    return (value) => (value === undefined ? undefined : sketch(value as Message));
  }
  const rule = textRuleOf(field);
  const most = listSizeOf(field)?.most ?? Number.POSITIVE_INFINITY;
  return (value) => (Array.isArray(value) ? shortList(value, most, rule) : shortText(value, rule));
}

function shortList(items: readonly unknown[], most: number, rule: TextRule | undefined): readonly unknown[] {
  if (rule === undefined) {
    return items.slice(0, most + 1);
  }
  if (items.length > most) {
    // It is refused for its size, whatever its items are.
    return Array<string>(most + 1).fill("x");
  }
  const bad = items.find((item) => !rule.accepts(item as string));
  return items.slice(0, 1).map((first) => shortText(bad ?? first, rule));
}

/** A character has a byte at least, so that what is cut is too long still. */
function shortText(value: unknown, rule: TextRule | undefined): unknown {
  const isLong = rule !== undefined && typeof value === "string" && value.length > rule.maxBytes;
  return isLong ? value.slice(0, rule.maxBytes + 1) : value;
}
