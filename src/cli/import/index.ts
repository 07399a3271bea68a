import { readAws } from "./aws-sm.ts";
import { applyRules, type RuleOptions } from "./common-rules.ts";
import { readDoppler, withoutMetadata } from "./doppler.ts";
import { readDotenv } from "./dotenv.ts";
import {
  type Finding,
  type FormatOptions,
  type ImportFormat,
  maxImportBytes,
  type ParsedImport,
  type RefusalReason,
  tooMuch,
  Unreadable,
} from "./entries.ts";
import { readGcloud } from "./gcloud.ts";
import { readInfisical } from "./infisical.ts";
import { readJsonEntries, readYamlEntries } from "./json.ts";
import { readKubernetes } from "./k8s.ts";
import { readOnePassword } from "./one-password.ts";
import { type Recognised, recognise } from "./recognise.ts";
import { decodeText } from "./text.ts";
import type { Forest } from "./tree.ts";
import { readVaultKv1, readVaultKv2 } from "./vault.ts";
import { isAgeFile, readExport } from "./zsc.ts";

export { readDotenv } from "./dotenv.ts";
export {
  type ImportFormat,
  importFormats,
  maxImportBytes,
  type ParsedImport,
  type RefusalReason,
  type Remark,
} from "./entries.ts";
export { openJournal } from "./journal.ts";
export { type Plan, planImport } from "./plan.ts";
export { type ImportSettings, type Written, writeAll } from "./writing.ts";
export { isAgeFile } from "./zsc.ts";

export interface ImportOptions extends FormatOptions, RuleOptions {
  /** Overrules what would be recognised. */
  readonly format?: ImportFormat;
  /** Of the file, for its ending; absent for standard input. */
  readonly fileName?: string;
}

type TreeFormat = Exclude<ImportFormat, "env">;

const readers: Readonly<Record<TreeFormat, (forest: Forest, options: FormatOptions) => Iterable<Finding>>> = {
  json: readJsonEntries,
  yaml: readYamlEntries,
  "vault-kv2": readVaultKv2,
  "vault-kv1": readVaultKv1,
  gcloud: readGcloud,
  infisical: readInfisical,
  doppler: readDoppler,
  "aws-sm": readAws,
  "1password": readOnePassword,
  k8s: readKubernetes,
  zsc: readExport,
};

/** What an input was taken for that could not be read. */
const unreadableAs: Readonly<Partial<Record<RefusalReason, ImportFormat>>> = {
  not_json: "json",
  not_yaml: "yaml",
  too_many_aliases: "yaml",
};

/**
 * Reads what `zsc import` is given, without I/O: every entry is taken, skipped or refused, and said to be. An age file
 * (`isAgeFile`) has to be opened before; unopened it is refused as `encrypted`.
 *
 * Only `entries` hold values. The caller MUST write nothing while there is anything in `refused`, unless told to.
 *
 * @throws CliFailure of kind `usage`: more than 64 MiB, 100,000 entries, or than fits into memory
 *
 * @example
 * parseImport(Buffer.from("A=1\nB: 2\n"), {});
 * // { format: "env", entries: [{ name: "A", value: "1", line: 1 }],
 * //   skipped: [], warnings: [], refused: [{ why: "yaml_style", line: 2 }] }
 */
export function parseImport(bytes: Uint8Array, options: ImportOptions): ParsedImport {
  if (bytes.byteLength > maxImportBytes) {
    throw tooMuch("64 MiB");
  }
  if (isAgeFile(bytes)) {
    return refusedWhole("zsc", "encrypted", 1);
  }
  try {
    const text = decodeText(bytes);
    const recognised = recognise(text, options);
    if (recognised === undefined) {
      return refusedWhole(undefined, "not_supported", 1);
    }
    const { format } = recognised;
    return { format, ...applyRules(findings(text, recognised, options), format, options) };
  } catch (error) {
    if (error instanceof Unreadable) {
      return refusedWhole(options.format ?? unreadableAs[error.why], error.why, error.line);
    }
    throw error;
  }
}

function findings(text: string, recognised: Recognised, options: FormatOptions): Iterable<Finding> {
  return recognised.format === "env"
    ? withoutMetadata(readDotenv(text))
    : readers[recognised.format](recognised.forest, options);
}

function refusedWhole(format: ImportFormat | undefined, why: RefusalReason, line: number): ParsedImport {
  return { format, entries: [], skipped: [], warnings: [], refused: [{ why, line }] };
}
