import { isSecretName, maxValueBytes } from "../../base/index.ts";
import type { Remark } from "./dotenv.ts";
import { dopplerMetadata } from "./formats.ts";
import type { Found, Reading } from "./found.ts";

/** A secret that can be written. */
export interface ImportEntry extends Found {
  readonly value: string;
}

/** What a file comes to. Nothing but `value` holds a value. */
export interface ParsedImport {
  readonly entries: readonly ImportEntry[];
  readonly skipped: readonly Remark[];
  readonly warnings: readonly Remark[];
  readonly refused: readonly Remark[];
}

export interface RuleOptions {
  readonly prefix?: string | undefined;
  /** Warnings are refusals. */
  readonly strict?: boolean | undefined;
  /** Of a name that is there twice, the last value. */
  readonly lastWins?: boolean | undefined;
}

/** What holds for every format (contract people.md, section 5). */
export function applyRules(
  reading: Reading,
  isDotenv: boolean,
  { prefix = "", strict = false, lastWins = false }: RuleOptions,
): ParsedImport {
  const withPrefix = (remark: Remark): Remark =>
    remark.name === undefined ? remark : { ...remark, name: prefix + remark.name };
  const skipped = reading.skipped.map(withPrefix);
  const warnings = reading.warnings.map(withPrefix);
  const refused = reading.refused.map(withPrefix);
  const good: ImportEntry[] = [];
  for (const found of reading.found) {
    const name = prefix + found.name;
    const { value, line } = found;
    if (dopplerMetadata.includes(found.name)) {
      skipped.push({ name, why: "metadata", line });
    } else if (value === null || value === "") {
      skipped.push({ name, why: "empty", line });
    } else {
      const why = refusalOf(name, value);
      if (why === undefined) {
        good.push({ ...found, name, value });
      } else {
        refused.push({ name, why, line });
      }
      if (why === undefined && !isDotenv && /^[^\n]*\n$/.test(value)) {
        warnings.push({ name, why: "newline_kept", line });
      }
    }
  }
  const entries = withoutDuplicates(good, lastWins, warnings, refused);
  if (!strict) {
    return { entries, skipped, warnings, refused };
  }
  const suspect = new Set(warnings.map(({ name }) => name));
  return {
    entries: entries.filter(({ name }) => !suspect.has(name)),
    skipped,
    warnings: [],
    refused: [...refused, ...warnings],
  };
}

function refusalOf(name: string, value: string): string | undefined {
  if (!isNewName(name)) {
    return "bad_name";
  }
  if (!value.isWellFormed()) {
    return "not_text";
  }
  if (Buffer.byteLength(value) > maxValueBytes) {
    return "too_large";
  }
  if (/^ENC\[[^\]]*\]$|^encrypted:/.test(value)) {
    return "encrypted";
  }
  return /^(?:op|zsc):\/\//.test(value) ? "reference" : undefined;
}

const slashes = String.raw`[/\\]|%(?:25)*(?:2[fF]|5[cC])`;
const dots = String.raw`(?:[.]|%(?:25)*2[eE]){1,2}(?:;[^/\\]*)?`;
const unsafe = new RegExp(`^/|//|/$|(?:^|${slashes})${dots}(?:${slashes}|$)`);

/** What the vault takes as the name of a new secret: rules.proto, `new_secret_name`. */
function isNewName(name: string): boolean {
  return isSecretName(name) && !unsafe.test(name);
}

function withoutDuplicates(
  entries: readonly ImportEntry[],
  lastWins: boolean,
  warnings: Remark[],
  refused: Remark[],
): readonly ImportEntry[] {
  const byName = new Map<string, ImportEntry>();
  const clashing = new Set<string>();
  for (const entry of entries) {
    const { name, line } = entry;
    const before = byName.get(name);
    if (before === undefined) {
      byName.set(name, entry);
    } else if (before.value === entry.value) {
      warnings.push({ name, why: "duplicate_same", line });
    } else if (lastWins) {
      warnings.push({ name, why: "duplicate_last", line });
      byName.set(name, entry);
    } else if (!clashing.has(name)) {
      clashing.add(name);
      refused.push({ name, why: "duplicate", line });
    }
  }
  return [...byName.values()].filter(({ name }) => !clashing.has(name));
}
