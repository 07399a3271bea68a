import { Findings, type Reading } from "./found.ts";
import { type JsonNode, member, textMember } from "./json-text.ts";

export interface FormatOptions {
  /** Where the values of a Vault export lived: its file does not say it. */
  readonly path?: string | undefined;
  /** A JSON object of a secret of AWS is one secret for each key. */
  readonly expandJson?: boolean | undefined;
  /** Fields of 1Password that are not concealed, too. */
  readonly allFields?: boolean | undefined;
}

type Format = (values: readonly JsonNode[], options: FormatOptions) => Reading;

/** What is beside a value of our own export. */
const besides = ["purposeTag", "boundZid", "permissions", "expiresZeqond"];

/** An object, objects in it joined with `/`; or a list of names and values. */
export const readJson: Format = (values) => {
  const findings = new Findings();
  for (const value of values) {
    if (value.kind === "object") {
      walk(findings, "", secretsOf(value) ?? value);
    } else if (value.kind === "list") {
      readList(findings, value.items);
    } else {
      findings.refuse(undefined, "not_supported", value.line);
    }
  }
  return findings;
};

/** The list of our own plain export. */
function secretsOf(value: JsonNode): JsonNode | undefined {
  const list = member(value, "secrets");
  return textMember(value, "zsc") === "export" && list?.kind === "list" ? list : undefined;
}

function walk(findings: Findings, path: string, node: JsonNode): void {
  if (node.kind === "list") {
    readList(findings, node.items);
    return;
  }
  if (node.kind !== "object") {
    return;
  }
  for (const { key, value } of node.members) {
    const name = path === "" ? key : `${path}/${key}`;
    if (value.kind === "object") {
      walk(findings, name, value);
    } else {
      take(findings, name, value);
    }
  }
}

function take(findings: Findings, name: string, value: JsonNode, more: object = {}): void {
  if (value.kind === "list" || value.kind === "object") {
    findings.refuse(name, "not_text", value.line);
    return;
  }
  const isNull = value.kind === "word" && value.text === "null";
  const text = value.kind === "text" ? value.value : value.text;
  findings.found.push({ name, value: isNull ? null : text, line: value.line, ...more });
}

function readList(findings: Findings, items: readonly JsonNode[]): void {
  for (const item of items) {
    const name = textMember(item, "name") ?? textMember(item, "key");
    const value = member(item, "value");
    if (name === undefined || value === undefined) {
      findings.refuse(name, name === undefined ? "not_supported" : "no_value", item.line);
    } else {
      take(findings, name, value, besideOf(item));
    }
  }
}

function besideOf(item: JsonNode): object {
  const given: Record<string, unknown> = {};
  for (const key of besides) {
    const node = member(item, key);
    if (node !== undefined && !(node.kind === "word" && node.text === "null" && key !== "expiresZeqond")) {
      given[key] = JSON.parse(node.text);
    }
  }
  return isBeside(given) ? given : {};
}

function isBeside({
  purposeTag = "",
  boundZid = "",
  permissions = [],
  expiresZeqond = 0,
}: Record<string, unknown>): boolean {
  const areTexts = Array.isArray(permissions) && permissions.every((zid) => typeof zid === "string");
  const isExpiry = expiresZeqond === null || (Number.isSafeInteger(expiresZeqond) && Number(expiresZeqond) >= 0);
  return typeof purposeTag === "string" && typeof boundZid === "string" && areTexts && isExpiry;
}

/** `vault kv get -format=json`, of both versions of the engine. */
export const readVault: Format = (values, { path = "" }) => {
  const findings = new Findings();
  for (const value of values) {
    const data = member(value, "data");
    const isSecond = member(data, "metadata") !== undefined && member(data, "data") !== undefined;
    const metadata = isSecond ? member(data, "metadata") : undefined;
    const deleted = textMember(metadata, "deletion_time") ?? "";
    if (deleted !== "" || member(metadata, "destroyed")?.text === "true") {
      findings.skip(path, "deleted", value.line);
      continue;
    }
    const pairs = isSecond ? member(data, "data") : data;
    for (const { key, value: held } of pairs?.kind === "object" ? pairs.members : []) {
      const name = path === "" ? key : `${path}/${key}`;
      if (held.kind === "object" || held.kind === "list") {
        findings.warn(name, "json_kept", held.line);
        findings.found.push({ name, value: held.text, line: held.line });
      } else {
        take(findings, name, held);
      }
    }
  }
  return findings;
};

/** `gcloud secrets versions access --format=json`: one, a list, or one behind the other. */
export const readGcloud: Format = (values) => {
  const findings = new Findings();
  for (const value of values.flatMap((each) => (each.kind === "list" ? each.items : [each]))) {
    const name = /^projects\/[^/]+\/secrets\/([^/]+)/.exec(textMember(value, "name") ?? "")?.[1];
    const payload = member(value, "payload");
    const data = textMember(payload, "data");
    if (name === undefined || data === undefined) {
      findings.refuse(name, "no_value", value.line);
      continue;
    }
    const bytes = Buffer.from(data, "base64");
    const sum = member(payload, "dataCrc32c")?.text.replaceAll('"', "");
    if (sum !== undefined && sum !== String(crc32c(bytes))) {
      findings.refuse(name, "bad_checksum", value.line);
    } else {
      takeBytes(findings, name, bytes, value.line);
    }
  }
  return findings;
};

function takeBytes(findings: Findings, name: string, bytes: Buffer, line: number): void {
  const text = bytes.toString("utf8");
  if (Buffer.from(text).equals(bytes)) {
    findings.found.push({ name, value: text, line });
  } else {
    findings.refuse(name, "not_text", line);
  }
}

const castagnoli = 0x82f6_3b78;

/** CRC-32C (RFC 3720, appendix B.4). */
function crc32c(bytes: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      sum = sum & 1 ? (sum >>> 1) ^ castagnoli : sum >>> 1;
    }
  }
  return (sum ^ 0xffff_ffff) >>> 0;
}

/** Items of Infisical. */
export const readInfisical: Format = (values) => {
  const findings = new Findings();
  for (const item of values.flatMap((each) => (each.kind === "list" ? each.items : [each]))) {
    const key = textMember(item, "secretKey") ?? textMember(item, "key");
    const value = member(item, "secretValue") ?? member(item, "value");
    const path = (textMember(item, "secretPath") ?? "").replace(/^\/+|\/+$/g, "");
    const name = key === undefined || path === "" ? key : `${path}/${key}`;
    if (name === undefined || value === undefined) {
      findings.refuse(name, "no_value", item.line);
    } else if (textMember(item, "type") === "personal") {
      findings.skip(name, "personal", item.line);
    } else {
      take(findings, name, value);
    }
  }
  return findings;
};

/** Doppler's download: flat, or with `computed` values. */
export const readDoppler: Format = (values) => {
  const findings = new Findings();
  for (const { key, value } of values.flatMap((each) => (each.kind === "object" ? each.members : []))) {
    const computed = member(value, "computed") ?? value;
    if (dopplerMetadata.includes(key)) {
      findings.skip(key, "metadata", value.line);
    } else {
      take(findings, key, computed);
    }
  }
  return findings;
};

export const dopplerMetadata = ["DOPPLER_PROJECT", "DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT"];

/** Answers of AWS Secrets Manager: one secret, or a batch. */
export const readAws: Format = (values, { expandJson = false }) => {
  const findings = new Findings();
  for (const value of values) {
    const batch = member(value, "SecretValues");
    for (const item of batch?.kind === "list" ? batch.items : [value]) {
      readAwsSecret(findings, item, expandJson);
    }
    const errors = member(value, "Errors");
    for (const error of errors?.kind === "list" ? errors.items : []) {
      findings.refuse(textMember(error, "SecretId"), "no_value", error.line);
    }
    if (member(value, "NextToken") !== undefined) {
      findings.refuse(undefined, "incomplete", value.line);
    }
  }
  return findings;
};

function readAwsSecret(findings: Findings, item: JsonNode, expandJson: boolean): void {
  const given = textMember(item, "Name");
  const text = textMember(item, "SecretString");
  const binary = textMember(item, "SecretBinary");
  if (given === undefined || (text === undefined && binary === undefined)) {
    findings.refuse(given, "no_value", item.line);
    return;
  }
  const name = given.replace(/^\//, "");
  if (name !== given) {
    findings.warn(name, "slash_dropped", item.line);
  }
  const pairs = expandJson && text !== undefined ? pairsOf(text) : undefined;
  if (pairs !== undefined) {
    for (const [key, value] of pairs) {
      findings.found.push({ name: `${name}/${key}`, value, line: item.line });
    }
  } else if (text === undefined) {
    takeBytes(findings, name, Buffer.from(binary ?? "", "base64"), item.line);
  } else {
    findings.found.push({ name, value: text, line: item.line });
  }
}

/** The pairs of a text that is a JSON object of texts, numbers and booleans. */
function pairsOf(text: string): readonly (readonly [key: string, value: string])[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return undefined;
    }
    const pairs = Object.entries(value);
    return pairs.every(([, each]) => ["string", "number", "boolean"].includes(typeof each))
      ? pairs.map(([key, each]) => [key, String(each)])
      : undefined;
  } catch {
    return undefined;
  }
}

/** `op item get --format=json`, one or a list. */
export const readOnePassword: Format = (values, { allFields = false }) => {
  const findings = new Findings();
  for (const item of values.flatMap((each) => (each.kind === "list" ? each.items : [each]))) {
    const title = textMember(item, "title");
    const fields = member(item, "fields");
    if (title === undefined || fields?.kind !== "list") {
      findings.refuse(title, "no_value", item.line);
      continue;
    }
    for (const field of fields.items) {
      const section = textMember(member(field, "section"), "label");
      const label = textMember(field, "label") ?? textMember(field, "id") ?? "";
      const name = [title, section, label].filter((part) => part !== undefined && part !== "").join("/");
      const type = textMember(field, "type");
      const value = member(field, "value");
      if (value === undefined) {
        continue;
      }
      if (type === "CONCEALED" || (allFields && type !== "OTP")) {
        take(findings, name, value);
      } else {
        findings.skip(name, "not_concealed", field.line);
      }
    }
  }
  return findings;
};

/** Secrets of Kubernetes, one, several, or a List of them. */
export const readKubernetes: Format = (values) => {
  const findings = new Findings();
  for (const value of values) {
    const items = member(value, "items");
    for (const secret of items?.kind === "list" ? items.items : [value]) {
      readKubernetesSecret(findings, secret);
    }
  }
  return findings;
};

function readKubernetesSecret(findings: Findings, secret: JsonNode): void {
  const title = textMember(member(secret, "metadata"), "name");
  if (textMember(secret, "kind") !== "Secret" || title === undefined) {
    findings.refuse(title, textMember(secret, "kind") === "SealedSecret" ? "encrypted" : "not_supported", secret.line);
    return;
  }
  const plain = member(secret, "stringData");
  const data = member(secret, "data");
  const plainMembers = plain?.kind === "object" ? plain.members : [];
  for (const { key, value } of plainMembers) {
    take(findings, `${title}/${key}`, value);
  }
  const taken = new Set(plainMembers.map(({ key }) => key));
  for (const { key, value } of data?.kind === "object" ? data.members : []) {
    if (!taken.has(key) && value.kind === "text") {
      takeBytes(findings, `${title}/${key}`, Buffer.from(value.value, "base64"), value.line);
    }
  }
}
