import type { CliFailure } from "../failure.ts";
import { usage } from "../failure.ts";

/** The formats of `zsc import` (contract people.md, section 5), in the order of its table. */
export const importFormats = [
  ...(["env", "json", "yaml", "vault-kv2", "vault-kv1", "gcloud", "infisical", "doppler"] as const),
  ...(["aws-sm", "1password", "k8s", "zsc"] as const),
] as const;

export type ImportFormat = (typeof importFormats)[number];

/** Why an entry is left out although nothing is wrong with it. */
export type SkipReason = "empty" | "metadata" | "deleted" | "personal" | "not_concealed" | "not_a_secret";

/** What a reader of the outcome should look at; with `--strict` it is a refusal. */
export type WarningReason =
  | ("hash_kept" | "comment_read" | "backslash_kept" | "escape_read" | "dollar_kept" | "spaces_kept")
  | ("duplicate_same" | "duplicate_last" | "newline_kept" | "json_kept" | "slash_dropped" | "incomplete");

/** Why an entry, or a whole input, cannot be imported. */
export type RefusalReason =
  | ("not_utf8" | "not_json" | "not_yaml" | "not_supported" | "ambiguous_format" | "too_deep" | "too_many_aliases")
  | ("not_an_entry" | "no_value" | "yaml_style" | "bad_name" | "not_text" | "too_large" | "duplicate")
  | ("multiline_unquoted" | "smart_quotes" | "ambiguous_quote" | "text_after_quote" | "unterminated_quote")
  | ("encrypted" | "reference" | "bad_checksum" | "bad_field")
  | WarningReason;

/** What an entry brings beside its value. Absent: the input did not say. */
export interface EntryFields {
  readonly purposeTag?: string;
  readonly boundZid?: string;
  readonly permissions?: readonly string[];
  /** Null: never sealed again by itself. */
  readonly expiresZeqond?: number | null;
}

export interface ImportEntry extends EntryFields {
  /** As the vault is to know it. */
  readonly name: string;
  readonly value: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

/** A line of the outcome. It MUST NOT hold a value, or anything that was computed from one. */
export interface Remark<Why extends string> {
  /** Absent: it concerns the input or a line of it; text that is no entry may be a part of a value. */
  readonly name?: string;
  readonly why: Why;
  /** From 1. */
  readonly line: number;
  /** Where what is remarked on goes over lines. */
  readonly lastLine?: number;
}

export interface ParsedImport {
  /** Undefined: none was recognised, and `refused` says so. */
  readonly format: ImportFormat | undefined;
  readonly entries: readonly ImportEntry[];
  readonly skipped: readonly Remark<SkipReason>[];
  readonly warnings: readonly Remark<WarningReason>[];
  readonly refused: readonly Remark<RefusalReason>[];
}

/** What a format finds, in the order of the input; the rules for every format come after it. */
export type Finding =
  | ({ readonly kind: "entry"; readonly lastLine?: number } & ImportEntry)
  | ({ readonly kind: "skipped" } & Remark<SkipReason>)
  | ({ readonly kind: "warning" } & Remark<WarningReason>)
  | ({ readonly kind: "refused" } & Remark<RefusalReason>);

/** The formats' own flags. */
export interface FormatOptions {
  /** Of `--path`: before the keys of a Vault secret. */
  readonly path?: string;
  readonly expandJson?: boolean;
  readonly allFields?: boolean;
}

export const maxImportBytes = 67_108_864;
export const maxEntries = 100_000;
/** Of objects and lists inside each other. */
export const maxDepth = 100;

/** The input cannot be read at all; it becomes a refusal without a name. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly why: RefusalReason;
  readonly line: number;

  constructor(why: RefusalReason, line: number) {
    super(why);
    this.why = why;
    this.line = line;
  }
}

export function tooMuch(what: string): CliFailure {
  return usage(`the input has more than ${what}`, "import it in parts");
}

export const refuse = (why: RefusalReason, line: number, name?: string): Finding => ({
  kind: "refused",
  ...(name === undefined ? {} : { name }),
  why,
  line,
});

export const warn = (why: WarningReason, line: number, name: string): Finding => ({ kind: "warning", name, why, line });

export const skip = (why: SkipReason, line: number, name: string): Finding => ({ kind: "skipped", name, why, line });
