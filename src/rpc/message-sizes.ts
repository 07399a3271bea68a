import {
  type DescField,
  type DescMessage,
  getExtension,
  getOption,
  hasExtension,
  type Message,
} from "@bufbuild/protobuf";
import { type FieldRules, field as fieldRules, type StringRules } from "#gen/buf/validate/validate_pb.js";
import { label, secret_name, secret_value, zid } from "#gen/zsc/v1/rules_pb.js";
import { maxNameBytes, maxPurposeBytes, maxValueBytes, maxZidBytes } from "../domain/names.ts";

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
  const one = field.message === undefined ? escapeBytes * (textBytesOf(field) ?? 0) : bytesOfFields(field.message);
  return field.fieldKind === "list"
    ? (listSizeOf(field)?.most ?? Number.POSITIVE_INFINITY) * (one + punctuationBytes)
    : one;
}

const textRules = [
  { rule: secret_name, maxBytes: maxNameBytes },
  { rule: zid, maxBytes: maxZidBytes },
  { rule: label, maxBytes: maxPurposeBytes },
  { rule: secret_value, maxBytes: maxValueBytes },
] as const;

/** How many bytes a text may have, or each text of a list; undefined when no rule of ours says. */
function textBytesOf(field: DescField): number | undefined {
  const rules = textRulesOf(getOption(field, fieldRules));
  return rules && textRules.find(({ rule }) => hasExtension(rules, rule) && getExtension(rules, rule) !== "")?.maxBytes;
}

function textRulesOf({ type }: FieldRules): StringRules | undefined {
  const ofItems = type.case === "repeated" ? type.value.items?.type : type;
  return ofItems?.case === "string" ? ofItems.value : undefined;
}

/** Shortens the lists and texts of a message that are over their bounds to one more than these. */
export type Cut = (message: Message) => void;

/**
 * Rules cost by the item and by the character, and what is one over its bound breaks the same rule as what is a million
 * over it. A message that is cut is one that is refused.
 */
export function createCut({ fields }: DescMessage): Cut {
  const cuts = fields.flatMap(cutOfField);
  return (message) => {
    for (const cut of cuts) {
      cut(message as unknown as Record<string, unknown>);
    }
  };
}

function cutOfField(field: DescField): readonly ((parent: Record<string, unknown>) => void)[] {
  const { localName } = field;
  if (field.fieldKind === "message") {
    const cut = createCut(field.message);
    return [
      (parent) => {
        if (parent[localName] !== undefined) {
          cut(parent[localName] as Message);
        }
      },
    ];
  }
  const most = listSizeOf(field)?.most ?? Number.POSITIVE_INFINITY;
  const maxBytes = textBytesOf(field) ?? Number.POSITIVE_INFINITY;
  return [
    (parent) => {
      const value = parent[localName];
      if (typeof value === "string" && value.length > maxBytes) {
        parent[localName] = cutText(value, maxBytes);
      } else if (Array.isArray(value)) {
        value.length = Math.min(value.length, most + 1);
        for (const [index, item] of value.entries()) {
          value[index] = typeof item === "string" && item.length > maxBytes ? cutText(item, maxBytes) : item;
        }
      }
    },
  ];
}

/** A character has a byte at least, so that this is too long still. */
function cutText(text: string, maxBytes: number): string {
  return text.slice(0, maxBytes + 1);
}
