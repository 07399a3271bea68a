import { type DescField, type DescMessage, getOption, hasExtension, type Message } from "@bufbuild/protobuf";
import type { GenExtension } from "@bufbuild/protobuf/codegenv2";
import { type FieldRules, field as fieldRules, type StringRules } from "#gen/buf/validate/validate_pb.js";
import { new_secret_name, secret_value } from "#gen/zsc/v1/rules_pb.js";
import { maxNameBytes, maxValueBytes } from "../../base/index.ts";
import { words } from "./plain-fields.ts";

/** The schema's limit on the items of a list, and the message for exceeding it. */
interface ListSize {
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

/** The subject of a rule, which is the first part of its id. */
function subjectOf({ cel }: FieldRules): string | undefined {
  return cel[0]?.id.split(".", 1)[0];
}

/** The minimum message limit: above what the rules allow, so that a slightly oversized field gets its own message. */
const minMessageBytes = 65_536;

/** The largest size of a message that breaks no rule, in the longest encoding, which is escaped JSON. */
export function maxBytesOf(schema: DescMessage): number {
  return Math.max(minMessageBytes, bytesOfFields(schema));
}

const escapeBytes = 6;
const punctuationBytes = 6;

/** A message that can hold its own type has no largest size. */
function bytesOfFields(schema: DescMessage, outer: readonly DescMessage[] = []): number {
  if (outer.includes(schema)) {
    return Number.POSITIVE_INFINITY;
  }
  const within = [...outer, schema];
  return schema.fields.reduce(
    (sum, field) => sum + field.jsonName.length + punctuationBytes + bytesOfValue(field, within),
    0,
  );
}

function bytesOfValue(field: DescField, outer: readonly DescMessage[]): number {
  const one =
    field.message === undefined
      ? escapeBytes * (textRuleOf(field)?.maxBytes ?? 0)
      : bytesOfFields(field.message, outer);
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
  // Never used in a list, so `accepts` is never called.
  { rule: new_secret_name, maxBytes: maxNameBytes, accepts: () => false },
  { rule: secret_value, maxBytes: maxValueBytes, accepts: () => false },
];

/** Our rule for a text field, or for each item of a list of texts. */
function textRuleOf(field: DescField): TextRule | undefined {
  const { type } = getOption(field, fieldRules);
  const rules = type.case === "repeated" ? type.value.items?.type : type;
  return rules?.case === "string" ? textRules.find(({ rule }) => hasExtension(rules.value, rule)) : undefined;
}

/** Makes a small message that breaks the same rules as the given one. */
export type Sketch = (message: Message) => Message;

/**
 * Makes messages smaller before validation, whose cost grows with items and characters. A value just above its limit
 * breaks the same rule as a huge one, and the first invalid item of a list breaks the same rule as all of them.
 */
export function createSketch(schema: DescMessage): Sketch {
  return sketchOf(schema, new Map());
}

/** @param known by type, since a message may hold others of its own type */
function sketchOf(schema: DescMessage, known: Map<DescMessage, Sketch>): Sketch {
  const before = known.get(schema);
  if (before !== undefined) {
    return before;
  }
  const parts: { readonly name: string; readonly shrink: Shrink }[] = [];
  const sketch: Sketch = (message) => {
    const copy = Object.assign(Object.create(Object.getPrototypeOf(message)), message);
    for (const { name, shrink } of parts) {
      copy[name] = shrink(copy[name]);
    }
    return copy;
  };
  known.set(schema, sketch);
  parts.push(...schema.fields.map((field) => ({ name: field.localName, shrink: shrinkOf(field, known) })));
  return sketch;
}

type Shrink = (value: unknown) => unknown;

function shrinkOf(field: DescField, known: Map<DescMessage, Sketch>): Shrink {
  if (field.fieldKind === "message") {
    const sketch = sketchOf(field.message, known);
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
    // The list is refused for its length, whatever its items are.
    return Array<string>(most + 1).fill("x");
  }
  const bad = items.find((item) => !rule.accepts(item as string));
  return items.slice(0, 1).map((first) => shortText(bad ?? first, rule));
}

/** A character takes at least one byte, so a text cut to `maxBytes + 1` characters is still too long. */
function shortText(value: unknown, rule: TextRule | undefined): unknown {
  const isLong = rule !== undefined && typeof value === "string" && value.length > rule.maxBytes;
  return isLong ? value.slice(0, rule.maxBytes + 1) : value;
}
