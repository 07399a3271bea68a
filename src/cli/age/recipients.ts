import { usage } from "../failure.ts";
import { readFile } from "../input.ts";

const maxFileBytes = 1_048_576;

interface RecipientFlags {
  /** Recipients, as they are. */
  readonly to?: readonly string[];
  /** Files with one in each line; empty lines and those that begin with `#` are left out. */
  readonly toFile?: readonly string[];
}

/**
 * The recipients that flags name, each once.
 *
 * @throws CliFailure that names the flag, or the file and its line; an identity, which is secret, is not repeated
 */
export async function parseRecipients({ to = [], toFile = [] }: RecipientFlags): Promise<readonly string[]> {
  const given = [...to.map((text) => ({ text, from: "--to" })), ...toFile.flatMap(linesOf)];
  if (toFile.length > 0 && given.length === to.length) {
    throw usage(`${toFile.join(", ")} names no recipient`, "a line that begins with age1 for each");
  }
  const { Encrypter } = given.length === 0 ? { Encrypter: undefined } : await import("age-encryption");
  for (const { text, from } of given) {
    if (/^AGE-SECRET-KEY-/i.test(text)) {
      throw usage(`${from}: that is an identity, which is secret, and no recipient`, "age-keygen -y FILE prints it");
    }
    if (text.startsWith("ssh-")) {
      throw usage(`${from}: keys of ssh are not supported`, "a recipient of age-keygen: age1…");
    }
    try {
      new (Encrypter as NonNullable<typeof Encrypter>)().addRecipient(text);
    } catch {
      throw usage(`${from}: that is no recipient of age`, "a recipient of age-keygen: age1…");
    }
  }
  return [...new Set(given.map(({ text }) => text))];
}

function linesOf(path: string): readonly { readonly text: string; readonly from: string }[] {
  return readFile(path, maxFileBytes)
    .toString("utf8")
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ text: line.trim(), from: `${path}, line ${index + 1}` }))
    .filter(({ text }) => text !== "" && !text.startsWith("#"));
}
