import { isUtf8 } from "node:buffer";
import { usage } from "../failure.ts";
import { readDotenv } from "../import/index.ts";
import { splitNames } from "../name-list.ts";

/** A variable of the environment that a secret goes into. */
export interface WantedSecret {
  readonly variable: string;
  readonly name: string;
}

/** What a command is to be given. */
export interface Wanted {
  readonly secrets: readonly WantedSecret[];
  /** Variables that a file of references gives as they are. */
  readonly plain: ReadonlyMap<string, string>;
}

const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variable of a name: itself where it can be one, else its letters in upper case, and `_` for all else. */
export function variableOf(name: string): string {
  if (variablePattern.test(name)) {
    return name;
  }
  const spelled = name.replace(/[^A-Za-z0-9_]/gu, "_").toUpperCase();
  return /^[0-9]/.test(spelled) ? `_${spelled}` : spelled;
}

/** `NAME` or `VAR=NAME`, several of them as `splitNames` takes them. */
export function parseOnly(texts: readonly string[]): readonly WantedSecret[] {
  return texts.flatMap(splitNames).map((text) => {
    const at = text.indexOf("=");
    const variable = at < 0 ? "" : text.slice(0, at);
    return variablePattern.test(variable)
      ? { variable, name: text.slice(at + 1) }
      : { variable: variableOf(text), name: text };
  });
}

/** With a prefix, the variable is of the part behind it. */
export function ofPrefix(names: readonly string[], prefix: string): readonly WantedSecret[] {
  return names.map((name) => ({ variable: variableOf(name.slice(prefix.length) || name), name }));
}

const scheme = "zsc://";
const lineAdvice = "VAR=zsc://NAME, a line each";

/** A file of references, which holds no secret: values `zsc://NAME` stand for secrets, others are passed as they are. */
export function parseRefs(bytes: Uint8Array, file: string): Wanted {
  if (!isUtf8(bytes)) {
    throw usage(`${file} is not UTF-8 text`, "iconv -t UTF-8");
  }
  const secrets: WantedSecret[] = [];
  const plain = new Map<string, string>();
  for (const finding of readDotenv(new TextDecoder().decode(bytes))) {
    if (finding.kind === "refused") {
      throw usage(`${file}: line ${finding.line}: ${finding.why}`, lineAdvice);
    }
    if (finding.kind !== "entry") {
      continue;
    }
    const { name, value, line } = finding;
    if (!variablePattern.test(name)) {
      throw usage(`${file}: line ${line}: ${name} is no name of a variable`, lineAdvice);
    }
    if (plain.has(name)) {
      throw usage(`${file}: line ${line}: ${name} is there twice`, "take one of its lines out");
    }
    if (value.startsWith(scheme)) {
      secrets.push({ variable: name, name: decodedName(value.slice(scheme.length), file, line) });
    } else {
      plain.set(name, value);
    }
  }
  return { secrets, plain };
}

function decodedName(text: string, file: string, line: number): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw usage(`${file}: line ${line}: the name is not valid percent-encoding`, "%25 for a percent sign");
  }
}

/** Two names for one variable are refused: which of them would win is nobody's intent. */
export function withoutClashes({ secrets, plain }: Wanted): Wanted {
  const names = new Map<string, string>();
  for (const { variable, name } of secrets) {
    const other = names.get(variable);
    if (other !== undefined && other !== name) {
      throw usage(
        `${JSON.stringify(other)} and ${JSON.stringify(name)} are both ${variable}`,
        `--only ${variable}=NAME`,
      );
    }
    if (plain.has(variable)) {
      throw usage(
        `${variable} is ${JSON.stringify(name)}, and a value of the file of references`,
        "take one of the two out",
      );
    }
    names.set(variable, name);
  }
  return { secrets: [...names].map(([variable, name]) => ({ variable, name })), plain };
}
