import { usage } from "../failure.ts";
import { parseDotenv, type Remark } from "./dotenv.ts";
import {
  type FormatOptions,
  readAws,
  readDoppler,
  readGcloud,
  readInfisical,
  readJson,
  readKubernetes,
  readOnePassword,
  readVault,
} from "./formats.ts";
import { readingOf } from "./found.ts";
import { type JsonNode, member, NotJson, parseJsonTexts, textMember } from "./json-text.ts";
import { applyRules, type ParsedImport, type RuleOptions } from "./rules.ts";

/** The formats that hold JSON, by what `--format` calls them. */
const jsonFormats = {
  json: readJson,
  "vault-kv2": readVault,
  "vault-kv1": readVault,
  gcloud: readGcloud,
  infisical: readInfisical,
  doppler: readDoppler,
  "aws-sm": readAws,
  "1password": readOnePassword,
  k8s: readKubernetes,
} as const;

type JsonFormat = keyof typeof jsonFormats;
export type ImportFormat = "env" | JsonFormat;

export const importFormats: readonly ImportFormat[] = ["env", ...(Object.keys(jsonFormats) as JsonFormat[])];

interface ParseOptions extends FormatOptions, RuleOptions {
  /** The name of the file, whose ending may say what it is. */
  readonly file: string;
  readonly format?: ImportFormat | undefined;
}

const maxEntries = 100_000;

/**
 * Parses a file of secrets.
 *
 * @throws CliFailure for a format that is not known here, and for too many entries
 */
export function parseImport(
  bytes: Uint8Array,
  options: ParseOptions,
): ParsedImport & { readonly format: ImportFormat } {
  const text = tryDecode(bytes);
  const first = text?.trimStart()[0] ?? "";
  const looksLikeJson = first === "{" || first === "[";
  refuseOthers(options, text ?? "", looksLikeJson);
  if (options.format === "env" || (options.format === undefined && !looksLikeJson)) {
    const { entries, warnings, refused } = parseDotenv(bytes);
    const reading = readingOf({ found: entries, warnings, refused });
    return { format: "env", ...limited(applyRules(reading, true, options)) };
  }
  const values = text === undefined ? { why: "not_utf8", line: 1 } : tryParse(text);
  if ("why" in values) {
    return { format: options.format ?? "json", ...applyRules(readingOf({ refused: [values] }), false, {}) };
  }
  const format = options.format ?? recognise(values);
  return { format, ...limited(applyRules(jsonFormats[format](values, options), false, options)) };
}

function limited(parsed: ParsedImport): ParsedImport {
  if (parsed.entries.length > maxEntries) {
    throw usage(`the input has more than ${maxEntries} entries`);
  }
  return parsed;
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function tryParse(text: string): readonly JsonNode[] | Remark {
  try {
    return parseJsonTexts(text);
  } catch (error) {
    if (error instanceof NotJson) {
      return { why: error.why, line: error.line };
    }
    throw error;
  }
}

const ageFile = /^(?:age-encryption\.org\/v1|-----BEGIN AGE ENCRYPTED FILE-----)/;

function refuseOthers({ file, format }: ParseOptions, text: string, looksLikeJson: boolean): void {
  if (format !== undefined) {
    return;
  }
  const way = "convert it to JSON, an object of names and values, and import that";
  if (ageFile.test(text)) {
    throw usage(`${file} is encrypted with age, which this version does not open`, "age --decrypt FILE | zsc import -");
  }
  if (/\.ya?ml$/i.test(file) && !looksLikeJson) {
    throw usage(`${file}: YAML is not read by this version`, `yq -o=json . FILE | zsc import -`);
  }
  if (/\.(csv|xml|toml|ini|properties)$/i.test(file)) {
    throw usage(`${file}: not_supported`, way);
  }
}

/** What a JSON file is, by what stands in it. */
function recognise(values: readonly JsonNode[]): JsonFormat {
  const [first] = values;
  const one = first?.kind === "list" ? first.items[0] : first;
  const has = (...keys: readonly string[]) => keys.every((key) => member(one, key) !== undefined);
  const kind = textMember(one, "kind");
  if (has("request_id", "data")) {
    const data = member(one, "data");
    return member(data, "metadata") !== undefined && member(data, "data") !== undefined ? "vault-kv2" : "vault-kv1";
  }
  if (/^projects\/[^/]+\/secrets\//.test(textMember(one, "name") ?? "")) {
    return "gcloud";
  }
  if (has("workspace") && (has("secretKey") || has("key"))) {
    return "infisical";
  }
  if (has("SecretValues") || (has("ARN") && (has("SecretString") || has("SecretBinary")))) {
    return "aws-sm";
  }
  if (has("title", "vault")) {
    return "1password";
  }
  if (kind === "Secret" || kind === "SealedSecret" || (kind === "List" && has("items"))) {
    return "k8s";
  }
  return isDoppler(one) ? "doppler" : "json";
}

function isDoppler(node: JsonNode | undefined): boolean {
  if (node?.kind !== "object" || node.members.length === 0) {
    return false;
  }
  const isFlat = node.members.some(({ key }) => key.startsWith("DOPPLER_"));
  return isFlat || node.members.every(({ value }) => member(value, "computed") !== undefined);
}
