import { tryDecodeBase64, tryDecodeText } from "./base64.ts";
import { isCiphertext } from "./ciphertext.ts";
import { type Finding, type FormatOptions, refuse, skip } from "./entries.ts";
import { joinName, scalarFinding } from "./scalar.ts";
import { type Forest, field, has, isObject, listed, type Member, repeatsKey, type Tree, textField } from "./tree.ts";

const lists: ReadonlySet<string | undefined> = new Set(["List", "SecretList"]);
const secrets: ReadonlySet<string | undefined> = new Set(["Secret", "SealedSecret", "SecretList"]);

/** Whether a tree is a Secret of Kubernetes, a sealed one, or a List with one of them. */
export function isKubernetesSecret(tree: Tree | undefined): boolean {
  return (
    has(tree, "apiVersion") &&
    (secrets.has(textField(tree, "kind")) ||
      (textField(tree, "kind") === "List" &&
        listed(field(tree, "items")).some((item) => secrets.has(textField(item, "kind")))))
  );
}

/** `kubectl get secret -o json|yaml`, and manifests of several documents. */
export function* readKubernetes({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  for (const root of roots) {
    const kind = textField(root, "kind");
    if (lists.has(kind) && !repeatsKey(root)) {
      for (const item of listed(field(root, "items"))) {
        yield* readResource(item, textField(item, "kind") ?? (kind === "SecretList" ? "Secret" : undefined));
      }
    } else {
      yield* readResource(root, kind);
    }
  }
}

function* readResource(tree: Tree, kind: string | undefined): Generator<Finding> {
  const name = textOrWord(field(field(tree, "metadata"), "name"));
  const bad = isObject(tree) ? tree.members.find(({ value }) => value.kind === "bad")?.value : undefined;
  if (repeatsKey(tree)) {
    yield refuse("duplicate", tree.line, name);
  } else if (bad?.kind === "bad") {
    // A merge key, which may bring the data.
    yield refuse(bad.why, bad.line, name);
  } else if (kind === undefined || name === undefined) {
    yield refuse("not_an_entry", tree.line);
  } else if (kind === "SealedSecret") {
    yield refuse("encrypted", tree.line, name);
  } else if (kind !== "Secret") {
    yield skip("not_a_secret", tree.line, name);
  } else {
    yield* readSecret(tree, name);
  }
}

function* readSecret(tree: Tree, name: string): Generator<Finding> {
  const stringData = field(tree, "stringData");
  const data = field(tree, "data");
  const plain = isObject(stringData) ? stringData.members : [];
  const encoded = isObject(data) ? data.members : [];
  if (isIllFormed(stringData) || isIllFormed(data)) {
    yield refuse("not_text", tree.line, name);
  } else if (plain.length + encoded.length === 0) {
    yield skip("empty", tree.line, name);
  }
  const overriding = new Set(plain.map(({ key }) => key));
  for (const member of encoded) {
    if (!overriding.has(member.key)) {
      yield readEncoded(member, name);
    }
  }
  for (const { key, line, value } of plain) {
    yield scalarFinding(joinName(name, key), value, line);
  }
}

function readEncoded({ key, line, value }: Member, secret: string): Finding {
  const name = joinName(secret, key);
  const written = textOrWord(value);
  // Ciphertext of sops is said to be that, and not to be bad base64.
  if (written === undefined || isCiphertext(written)) {
    return scalarFinding(name, value, line);
  }
  const bytes = tryDecodeBase64(written);
  const text = bytes === undefined ? undefined : tryDecodeText(bytes);
  return text === undefined ? refuse("not_text", line, name) : { kind: "entry", name, value: text, line };
}

/** Whether a member is there that is neither an object nor null. */
function isIllFormed(found: Tree | undefined): boolean {
  return found !== undefined && !isObject(found) && found.kind !== "null";
}

function textOrWord(tree: Tree | undefined): string | undefined {
  return tree?.kind === "text" || tree?.kind === "word" ? tree.text : undefined;
}
