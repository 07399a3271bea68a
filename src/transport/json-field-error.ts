import type { DescField, Message } from "@bufbuild/protobuf";

/**
 * A field of the wrong type or size. The message is a sentence made of the field's JSON name and of what it should be:
 * never of what was sent, which may be a secret.
 */
export class JsonFieldError extends Error {
  readonly field: DescField;
  readonly kind: "type" | "size";
  /** The outermost message so far: all fields before the one that is wrong, in the order of the schema. */
  partial: Message | undefined;

  constructor(field: DescField, expected: string | { readonly sentence: string }) {
    super(typeof expected === "string" ? `${field.jsonName} ${expected}` : expected.sentence);
    this.field = field;
    this.kind = typeof expected === "string" ? "type" : "size";
  }
}
