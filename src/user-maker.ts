import { createApiKey } from "./auth/index.ts";
import { OperatorError, type Plaintext, systemClock, VaultError } from "./base/index.ts";
import { openStore } from "./compose.ts";
import type { Config } from "./config/index.ts";
import { createSequencer, type Sequencer } from "./ledger/index.ts";
import { createUser, type NewUser, parseEmail } from "./people/index.ts";
import { createRowMac, hexSource, openKeyring } from "./sealing/index.ts";

interface MadeUser {
  readonly id: string;
  readonly email: string;
  /** Shown once; the receiver wipes it. */
  readonly key: Plaintext;
}

/**
 * Makes a user in the database of a configuration, beside a running server or without one.
 *
 * @throws OperatorError also when the e-mail is taken or malformed
 */
export async function createUserIn(config: Config, user: NewUser): Promise<MadeUser> {
  const keyring = await openKeyring(hexSource(config.masterKey));
  const store = await openStore(config.database);
  const sequencer = createSequencer({ store, clock: systemClock, mac: createRowMac(keyring) });
  try {
    return await makeUser(sequencer, user);
  } finally {
    await sequencer.close();
    await store.close();
  }
}

/** @throws OperatorError as `createUserIn` */
async function makeUser(sequencer: Sequencer, user: NewUser): Promise<MadeUser> {
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
