import { maxValueBytes } from "../../base/index.ts";
import { isCiphertext, isReference } from "./ciphertext.ts";
import {
  type Finding,
  type ImportEntry,
  type ImportFormat,
  maxEntries,
  type ParsedImport,
  type RefusalReason,
  type Remark,
  type SkipReason,
  tooMuch,
  type WarningReason,
} from "./entries.ts";
import { isNewSecretName, shownName } from "./names.ts";

export interface RuleOptions {
  /** Of `--prefix`: put before every name, as it is. */
  readonly prefix?: string;
  /** Warnings are refusals. */
  readonly strict?: boolean;
  /** Of a name that stands twice with other values, the last is taken. */
  readonly lastWins?: boolean;
}

type Outcome = Omit<ParsedImport, "format">;

/** The rules for every format (contract people.md, section 5). */
export function applyRules(findings: Iterable<Finding>, format: ImportFormat, options: RuleOptions): Outcome {
  const rules = new Rules(format, options);
  for (const finding of findings) {
    rules.add(finding);
  }
  return rules.outcome();
}

/** What is collected of one input. */
class Rules {
  readonly #format: ImportFormat;
  readonly #options: RuleOptions;
  readonly #occurrences = new Map<string, ImportEntry[]>();
  readonly #skipped: Remark<SkipReason>[] = [];
  readonly #warnings: Remark<WarningReason>[] = [];
  readonly #refused: Remark<RefusalReason>[] = [];
  readonly #refusedNames = new Set<string>();
  #count = 0;

  constructor(format: ImportFormat, options: RuleOptions) {
    this.#format = format;
    this.#options = options;
  }

  add(finding: Finding): void {
    this.#count += finding.kind === "warning" ? 0 : 1;
    if (this.#count > maxEntries) {
      throw tooMuch(`${maxEntries.toLocaleString("en")} entries`);
    }
    const name = finding.name === undefined ? undefined : `${this.#options.prefix ?? ""}${finding.name}`;
    switch (finding.kind) {
      case "entry":
        this.#addEntry(finding, name ?? "");
        break;
      case "skipped":
        this.#skipped.push(remark(finding, name));
        break;
      case "warning":
        this.#warnings.push(remark(finding, name));
        break;
      case "refused":
        this.#refused.push(remark(finding, name));
        if (name !== undefined) {
          this.#refusedNames.add(name);
        }
    }
  }

  outcome(): Outcome {
    const entries = [...this.#occurrences].flatMap(([name, all]) => this.#settle(name, all));
    const { strict = false } = this.#options;
    const suspect = new Set(strict ? this.#warnings.map(({ name }) => name) : []);
    return {
      entries: entries.filter(({ name }) => !suspect.has(name)),
      skipped: byLine(this.#skipped),
      warnings: strict ? [] : byLine(this.#warnings),
      refused: byLine(strict ? [...this.#refused, ...this.#warnings] : this.#refused),
    };
  }

  #addEntry({ kind: _, lastLine: __, ...entry }: Extract<Finding, { kind: "entry" }>, name: string): void {
    const before = this.#occurrences.get(name);
    if (before === undefined) {
      this.#occurrences.set(name, [{ ...entry, name }]);
    } else {
      before.push({ ...entry, name });
    }
  }

  /** Of all entries of one name, the one that is taken. */
  #settle(name: string, all: readonly ImportEntry[]): readonly ImportEntry[] {
    const entry = this.#choose(name, all);
    if (entry === undefined) {
      return [];
    }
    const { line } = entry;
    const why = isNewSecretName(name) ? this.#whyRefused(entry) : "bad_name";
    if (why !== undefined) {
      this.#refused.push(remark({ why, line }, name));
      return [];
    }
    if (entry.value === "") {
      this.#skipped.push(remark({ why: "empty", line }, name));
      return [];
    }
    if (this.#isForeign() && this.#format !== "env" && isLineWithBreak(entry.value)) {
      this.#warnings.push(remark({ why: "newline_kept", line }, name));
    }
    return [entry];
  }

  #choose(name: string, [first, ...rest]: readonly ImportEntry[]): ImportEntry | undefined {
    const last = rest.at(-1);
    if (first === undefined || (last === undefined && !this.#refusedNames.has(name))) {
      return first;
    }
    const other = rest.find((entry) => !isSame(entry, first));
    if (this.#refusedNames.has(name) || (other !== undefined && this.#options.lastWins !== true)) {
      // A line of this name that could not be read may be the one that counts.
      this.#refused.push(remark({ why: "duplicate", line: (other ?? first).line }, name));
      return undefined;
    }
    if (other !== undefined && last !== undefined) {
      this.#warnings.push(remark({ why: "duplicate_last", line: last.line }, name));
      return last;
    }
    for (const { line } of rest) {
      this.#warnings.push(remark({ why: "duplicate_same", line }, name));
    }
    return first;
  }

  #whyRefused({ value }: ImportEntry): RefusalReason | undefined {
    if (!value.isWellFormed()) {
      return "not_text";
    }
    if (Buffer.byteLength(value) > maxValueBytes) {
      return "too_large";
    }
    if (!this.#isForeign()) {
      return undefined;
    }
    if (isCiphertext(value)) {
      return "encrypted";
    }
    return isReference(value) ? "reference" : undefined;
  }

  /** What our own export holds is what a vault stored, whatever it looks like. */
  #isForeign(): boolean {
    return this.#format !== "zsc";
  }
}

/** Field by field, so that nothing of a finding but this can get into an outcome. */
function remark<Why extends string>({ why, line, lastLine }: Remark<Why>, name: string | undefined): Remark<Why> {
  return {
    ...(name === undefined ? {} : { name: shownName(name) }),
    why,
    line,
    ...(lastLine === undefined ? {} : { lastLine }),
  };
}

function isSame({ line: _, ...entry }: ImportEntry, { line: __, ...other }: ImportEntry): boolean {
  return JSON.stringify(entry) === JSON.stringify(other);
}

function isLineWithBreak(value: string): boolean {
  return /^[^\r\n]*(?:\r\n?|\n)$/.test(value);
}

function byLine<T extends { readonly line: number }>(remarks: readonly T[]): readonly T[] {
  return remarks.toSorted((a, b) => a.line - b.line);
}
