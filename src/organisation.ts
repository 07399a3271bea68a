import { createSessionKeys, createSessionTokens, type SessionTokens } from "./auth/index.ts";
import { type Clock, randomUuid } from "./base/index.ts";
import type { Sequencer } from "./ledger/index.ts";
import { openOrganisation } from "./people/index.ts";
import { type Keyring, openTokenKey, sealTokenKey } from "./sealing/index.ts";

/** The one organisation of the deployment. */
export interface OpenedOrganisation {
  /** UUID. */
  readonly id: string;
  readonly tokens: SessionTokens;
}

interface Opening {
  readonly keyring: Keyring;
  readonly sequencer: Sequencer;
  readonly clock: Clock;
}

/**
 * Finds the organisation when it is first asked for, or makes it with the key of its tokens when there is none: the log of a
 * vault that nobody calls by `/v1` has no row of it.
 */
export function organisationOf(opening: Opening): () => Promise<OpenedOrganisation> {
  let opened: Promise<OpenedOrganisation> | undefined;
  return () => {
    opened ??= open(opening).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

async function open({ keyring, sequencer, clock }: Opening): Promise<OpenedOrganisation> {
  const { value } = await sequencer.submit(
    openOrganisation(() => {
      const id = randomUuid();
      const { publicKey, privateKey } = createSessionKeys();
      const sealedKey = sealTokenKey(keyring, id, privateKey);
      privateKey.fill(0);
      return { id, publicKey, sealedKey };
    }),
  );
  const { id, publicKey, sealedKey } = value;
  const privateKey = openTokenKey(keyring, id, sealedKey);
  try {
    return { id, tokens: await createSessionTokens({ publicKey, privateKey }, clock) };
  } finally {
    privateKey.fill(0);
  }
}
