import { CliFailure, usage } from "../failure.ts";
import { readFile } from "../input.ts";
import type { Questions } from "../questions.ts";

const maxFileBytes = 1_048_576;
const begin = "-----BEGIN AGE ENCRYPTED FILE-----";

interface Keys {
  /** A file of identities, one in each line, as age-keygen writes it. */
  readonly identityFile?: string;
  /** Asks for the passphrase where that is what the file needs. */
  readonly questions: Questions;
}

/**
 * Opens an age file, armored or not. It is judged whole before anything of it is used.
 *
 * @param name of the file, for the sentence that refuses it
 * @throws CliFailure of kind `usage`: no identity fits, the passphrase is wrong, or the file was changed or cut off
 */
export async function openSealed(file: Uint8Array, name: string, { identityFile, questions }: Keys): Promise<Buffer> {
  const { armor, Decrypter } = await import("age-encryption");
  const bytes = await judged(`${name} is no whole age file`, () => {
    const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    return text.toString("latin1", 0, begin.length) === begin ? armor.decode(text.toString("latin1")) : text;
  });
  const decrypter = new Decrypter();
  if (needsPassphrase(bytes)) {
    const wanted = `${name} was sealed with a passphrase, which is asked for on a terminal`;
    decrypter.addPassphrase(await questions.secret("passphrase: ", wanted));
    const opened = await judged(`the passphrase does not open ${name}, or the file was changed`, () =>
      decrypter.decrypt(bytes),
    );
    return asBuffer(opened);
  }
  if (identityFile === undefined) {
    throw usage(`${name} is sealed with age`, "--identity-file FILE, as age-keygen wrote it");
  }
  for (const { text, line } of identitiesIn(identityFile)) {
    await judged(`${identityFile}, line ${line}: that is no identity of age`, () => decrypter.addIdentity(text));
  }
  const refusal = `no identity of ${identityFile} opens ${name}, or the file was changed`;
  return asBuffer(await judged(refusal, () => decrypter.decrypt(bytes)));
}

/** Its errors are told in our own words: they may quote what they were given. */
async function judged<T>(refusal: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CliFailure ? error : usage(refusal, "check the file and what opens it");
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The first stanza says it: a passphrase stands alone. */
function needsPassphrase(file: Uint8Array): boolean {
  const [, stanza = ""] = Buffer.from(file.subarray(0, 200)).toString("latin1").split("\n");
  return stanza.startsWith("-> scrypt ");
}

function identitiesIn(path: string): readonly { readonly text: string; readonly line: number }[] {
  const text = readFile(path, maxFileBytes).toString("utf8");
  if (text.startsWith("age-encryption.org/") || text.startsWith(begin)) {
    throw usage(`${path} is sealed itself`, `age --decrypt ${path}, into a file that only you can read`);
  }
  const identities = text
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ text: line.trim(), line: index + 1 }))
    .filter((each) => each.text !== "" && !each.text.startsWith("#"));
  if (identities.length === 0) {
    throw usage(`${path} holds no identity`, "a line that begins with AGE-SECRET-KEY-1");
  }
  return identities;
}
