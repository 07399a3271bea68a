import type { DescField, Message } from "@bufbuild/protobuf";

/**
 * A field of the wrong type or size. The message states the field's JSON name and the expected type or size, never the
 * input, which may be a secret.
 */
export class JsonFieldError extends Error {
  readonly field: DescField;
  readonly kind: "type" | "size";
  /** The top-level message so far: all fields before the invalid one, in the order of the schema. */
  partial: Message | undefined;

  constructor(field: DescField, expected: string | { readonly sentence: string }) {
    super(typeof expected === "string" ? `${field.jsonName} ${expected}` : expected.sentence);
    this.field = field;
    this.kind = typeof expected === "string" ? "type" : "size";
  }
}
