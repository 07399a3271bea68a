/** A secret that is to be written. */
interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** Why a secret cannot stand in a `.env` file; the reason holds no value. */
type DotenvRefusal = "not_a_variable" | "not_text";

interface WrittenDotenv {
  /** A line for each secret, or more where the value has more; what was refused is not in it. */
  readonly text: string;
  readonly refused: readonly { readonly name: string; readonly why: DotenvRefusal }[];
}

const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;
const plain = /^[A-Za-z0-9_./:@%+,=-]+$/;

/**
 * Writes secrets in the `.env` grammar of the contract (people.md, section 5), so that `readDotenv` gives every value back
 * byte by byte, and without a warning where the value allows it: bare, in single quotes, and only then in double quotes,
 * whose escapes not every reader of the world knows.
 *
 * @example
 * writeDotenv([{ name: "A", value: "it's" }, { name: "b/c", value: "x" }]);
 * // { text: 'A="it\'s"\n', refused: [{ name: "b/c", why: "not_a_variable" }] }
 */
export function writeDotenv(secrets: Iterable<NamedValue>): WrittenDotenv {
  const lines: string[] = [];
  const refused: { readonly name: string; readonly why: DotenvRefusal }[] = [];
  for (const { name, value } of secrets) {
    const why = whyRefused(name, value);
    if (why === undefined) {
      lines.push(`${name}=${quote(value)}\n`);
    } else {
      refused.push({ name, why });
    }
  }
  return { text: lines.join(""), refused };
}

/** Whether a shell takes the name for that of a variable. */
export function isVariable(name: string): boolean {
  return variable.test(name);
}

function whyRefused(name: string, value: string): DotenvRefusal | undefined {
  if (!isVariable(name)) {
    return "not_a_variable";
  }
  return value.includes("\0") || !value.isWellFormed() ? "not_text" : undefined;
}

function quote(value: string): string {
  if (plain.test(value)) {
    return value;
  }
  return fitsSingleQuotes(value) ? `'${value}'` : `"${escaped(value)}"`;
}

/** Single quotes read nothing: no quote, no CR (it would become LF), and no backslash that a reader may take for an escape. */
function fitsSingleQuotes(value: string): boolean {
  return !/['\r]/.test(value) && !value.includes("\\\\") && !value.endsWith("\\");
}

function escaped(value: string): string {
  return value.replace(/[\\"$]/g, "\\$&").replace(/\r/g, "\\r");
}
