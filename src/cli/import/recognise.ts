import { isDopplerMetadata } from "./doppler.ts";
import { type ImportFormat, Unreadable } from "./entries.ts";
import { isGcloudSecret } from "./gcloud.ts";
import { readJson } from "./json-reader.ts";
import { isKubernetesSecret } from "./k8s.ts";
import { type Forest, has, isObject, listed, type Tree, textField } from "./tree.ts";
import { isVaultAnswer, versionOfVault } from "./vault.ts";
import { readYaml } from "./yaml-reader.ts";

/** A format, and the trees that were read to find it. */
export type Recognised =
  | { readonly format: "env" }
  | { readonly format: Exclude<ImportFormat, "env">; readonly forest: Forest };

interface Given {
  readonly format?: ImportFormat;
  /** Of the file, for its ending. */
  readonly fileName?: string;
}

const yamlEnding = /\.ya?ml$/i;
const foreignEnding = /\.(?:csv|tsv|xml|toml|ini|properties|tf|tfvars|hcl|xlsx?|kdbx|1pux|zip|gz|gpg|pgp|asc|pem)$/i;
const csvHead = /^\s*"?[\w -]+"?(?:[,;\t]"?[\w -]*"?)+\r?(?:\n|$)/;
const sectionHead = /^\[\[?[A-Za-z_][^\]"',]*\]\]?[ \t]*\r?(?:\n|$)/;
/** Else it is a manifest inside a value of a `.env` file. */
const keyFirst = /^(?:[ \t]*(?:#[^\n]*)?\n|---[^\n]*\n)*[A-Za-z]+:(?:\s|$)/;
const manifestHead = /^kind:[ \t]*["']?(?:Secret|SealedSecret|List|SecretList)["']?[ \t]*\r?$/m;

/**
 * Finds what format a text has, by the name of its file and by its shape; `format` overrules.
 *
 * @returns undefined for CSV and everything else that is not supported
 * @throws Unreadable where it is JSON or YAML by its beginning or its name, and cannot be read as that, and where two formats
 * fit
 */
export function recognise(text: string, { format, fileName = "" }: Given): Recognised | undefined {
  const looksLikeJson = /[{[]/.test(text[text.search(/\S/)] ?? "");
  switch (format) {
    case undefined:
      return guess(text, fileName, looksLikeJson);
    case "env":
      return { format };
    case "yaml":
      return { format, forest: readYaml(text) };
    case "k8s":
      return { format, forest: looksLikeJson ? readJson(text) : readYaml(text) };
    default:
      return { format, forest: readJson(text) };
  }
}

function guess(text: string, fileName: string, looksLikeJson: boolean): Recognised | undefined {
  const start = text.slice(0, 4_096);
  if (yamlEnding.test(fileName)) {
    return recogniseYaml(readYaml(text));
  }
  if (foreignEnding.test(fileName) || sectionHead.test(start.trimStart())) {
    return undefined;
  }
  if (looksLikeJson || /\.json$/i.test(fileName)) {
    const forest = readJson(text);
    return { format: recogniseJson(forest.roots), forest };
  }
  if (keyFirst.test(start) && /^apiVersion:/m.test(text) && manifestHead.test(text)) {
    return { format: "k8s", forest: readYaml(text) };
  }
  return csvHead.test(start) ? undefined : { format: "env" };
}

function recogniseYaml(forest: Forest): Recognised {
  return { format: forest.roots.some(isKubernetesSecret) ? "k8s" : "yaml", forest };
}

/** By the first that fits; each has a mark that the others lack. */
const marks: readonly (readonly [(root: Tree) => boolean, Exclude<ImportFormat, "env">])[] = [
  [(root) => textField(root, "zsc") === "export", "zsc"],
  [(root) => isKubernetesSecret(root), "k8s"],
  [(root) => has(root, "SecretValues") || isAwsSecret(root), "aws-sm"],
  [(root) => isGcloudSecret(listed(root)[0]), "gcloud"],
  [(root) => has(listed(root)[0], "title") && has(listed(root)[0], "vault"), "1password"],
  [(root) => root.kind === "list" && has(root.items[0], "workspace"), "infisical"],
  [isDoppler, "doppler"],
];

/** @throws Unreadable where it is of one of two formats, and does not say of which */
function recogniseJson([root]: readonly Tree[]): Exclude<ImportFormat, "env"> {
  if (root === undefined) {
    return "json";
  }
  if (isVaultAnswer(root)) {
    const version = versionOfVault(root);
    if (version === undefined) {
      throw new Unreadable("ambiguous_format", root.line);
    }
    return version;
  }
  return marks.find(([fits]) => fits(root))?.[1] ?? "json";
}

function isAwsSecret(root: Tree): boolean {
  return has(root, "ARN") && (has(root, "SecretString") || has(root, "SecretBinary"));
}

function isDoppler(root: Tree): boolean {
  if (!isObject(root) || root.members.length === 0) {
    return false;
  }
  return (
    root.members.some(({ key }) => isDopplerMetadata(key)) || root.members.every(({ value }) => has(value, "computed"))
  );
}
