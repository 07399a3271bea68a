import { createApiKey } from "./auth/index.ts";
import type { Plaintext } from "./base/index.ts";
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
 * @throws VaultError `CONFLICT` when the e-mail is taken, `INVALID_ARGUMENT` when it is malformed, `STORE_UNAVAILABLE`
 */
export async function makeUser(sequencer: Sequencer, user: NewUser): Promise<MadeUser> {
  const email = parseEmail(user.email);
  const { key, record } = createApiKey("1ck_");
  try {
    const { value } = await sequencer.submit(createUser({ ...user, email }, record));
    return { id: value.id, email, key };
  } catch (error) {
    key.wipe();
    throw error;
  }
}
