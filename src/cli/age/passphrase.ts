import { isUtf8 } from "node:buffer";
import { usage } from "../failure.ts";
import { readFile } from "../input.ts";
import type { Questions } from "../questions.ts";

const minCharacters = 12;
const maxFileBytes = 4_096;
const passphraseAdvice = "several words that are hard to guess, or --to age1…";

/** A passphrase from a file; one final line break is dropped. @throws CliFailure */
export function readPassphrase(path: string): string {
  const bytes = readFile(path, maxFileBytes);
  if (!isUtf8(bytes)) {
    throw usage(`${path} is not UTF-8 text`, "iconv -t UTF-8");
  }
  return longEnough(bytes.toString("utf8").replace(/\r?\n$/, ""), path);
}

/** A new passphrase, asked twice. @throws CliFailure where nobody can be asked: it names the flags */
export async function askPassphrase(questions: Questions): Promise<string> {
  const flags = "--to age1…, --to-file FILE or --passphrase-file FILE";
  const first = longEnough(await questions.secret("passphrase: ", flags), "it");
  if ((await questions.secret("once more: ", flags)) !== first) {
    throw usage("the two passphrases differ", "the same command again");
  }
  return first;
}

function longEnough(text: string, from: string): string {
  if ([...text].length < minCharacters) {
    throw usage(`the passphrase is too short: ${from} needs ${minCharacters} characters at least`, passphraseAdvice);
  }
  return text;
}
