import { Plaintext, VaultError } from "../base/index.ts";

const minCharacters = 12;
const maxCharacters = 256;
/** NFKC makes up to 18 characters of one (UAX #15); a text that is longer than this is no password whatever it becomes. */
const maxGivenLength = 4_096;

/**
 * A password as somebody presents it, in the form in which it is hashed: NFKC (people.md, section 7), UTF-8. The caller wipes it.
 *
 * @throws VaultError `INVALID_ARGUMENT` for what no password can be
 */
export function parsePresentedPassword(text: string, field = "password"): Plaintext {
  if (text === "") {
    throw refused(`${field} must be given`);
  }
  if (text.length > maxGivenLength || !text.isWellFormed() || text.includes("\u0000")) {
    throw refused(`${field} must be well-formed text of at most ${maxCharacters} characters without NUL`);
  }
  const normal = text.normalize("NFKC");
  if ([...normal].length > maxCharacters) {
    throw refused(`${field} must have at most ${maxCharacters} characters`);
  }
  return Plaintext.fromString(normal);
}

/** The same for a new password, which may not be short either. Whether it is strong is to be judged besides. */
export function parseNewPassword(text: string, field = "password"): Plaintext {
  const password = parsePresentedPassword(text, field);
  if ([...password.text()].length < minCharacters) {
    password.wipe();
    throw refused(`${field} must have at least ${minCharacters} characters`);
  }
  return password;
}

function refused(sentence: string): VaultError {
  return new VaultError("INVALID_ARGUMENT", sentence);
}
