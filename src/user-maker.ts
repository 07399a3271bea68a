import { createApiKey } from "./auth/index.ts";
import { OperatorError, type Plaintext, VaultError } from "./base/index.ts";
import type { Sequencer } from "./ledger/index.ts";
import { createUser, type NewUser, parseEmail } from "./people/index.ts";

export interface MadeUser {
  readonly id: string;
  readonly email: string;
  /** Shown once; the receiver wipes it. */
  readonly key: Plaintext;
}

/**
 * Makes a user with one personal key.
 *
 * @throws OperatorError when the e-mail is taken or malformed, or the database is away
 */
export async function makeUser(sequencer: Sequencer, user: NewUser): Promise<MadeUser> {
  const { key, record } = createApiKey("1ck_");
  try {
    const email = parseEmail(user.email);
    const { value } = await sequencer.submit(createUser({ ...user, email }, record));
    return { id: value.id, email, key };
  } catch (error) {
    key.wipe();
    throw error instanceof VaultError ? new OperatorError(`The user was not made: ${error.message}.`) : error;
  }
}
