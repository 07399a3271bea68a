import { deriveSealingKey, type MasterKeySource, type SealingKey } from "./master-key.ts";

/** The sealing keys of a vault. New seals are made under the current key; each sealed box names the key that opens it. */
export interface Keyring {
  readonly current: SealingKey;
  /** Every key by its id, the current one included. */
  readonly keys: ReadonlyMap<string, SealingKey>;
}

/** @param others keys under which older boxes may be sealed */
export function createKeyring(current: SealingKey, others: readonly SealingKey[] = []): Keyring {
  return { current, keys: new Map([current, ...others].map((key) => [key.id, key])) };
}

/** Loads the master keys, derives the sealing keys from them, and wipes the master keys. */
export async function openKeyring(current: MasterKeySource, others: readonly MasterKeySource[] = []): Promise<Keyring> {
  const [first, ...rest] = await Promise.all([current, ...others].map(derive));
  return createKeyring(first as SealingKey, rest);
}

async function derive(source: MasterKeySource): Promise<SealingKey> {
  const masterKey = await source.load();
  return await deriveSealingKey(masterKey).finally(() => masterKey.fill(0));
}
