import { systemClock } from "../src/base/clock.ts";
import { momentOf } from "../src/base/moment.ts";
import { Plaintext } from "../src/base/plaintext.ts";
import type { Principal } from "../src/base/principal.ts";
import { openStore } from "../src/compose.ts";
import { parseDatabaseUrl } from "../src/config/database-url.ts";
import { applyBatch } from "../src/ledger/batch.ts";
import { needsOf } from "../src/ledger/needs.ts";
import type { AuditDraft, Operation } from "../src/ledger/operation.ts";
import { originIdOf } from "../src/ledger/row.ts";
import type { Store } from "../src/ledger/store.ts";
import { createSealer, type Sealer } from "../src/sealing/envelope.ts";
import { sealKeyCheck } from "../src/sealing/key-check.ts";
import { createKeyring } from "../src/sealing/keyring.ts";
import { deriveSealingKey, parseMasterKey } from "../src/sealing/master-key.ts";
import { setSecret } from "../src/secrets/set.ts";
import { ownerZid, secretName, secretValue } from "./vault-content.ts";

/** How large a vault is. */
export interface VaultSize {
  readonly secrets: number;
  /** Rows of the log besides those that record the making of the secrets. */
  readonly reads: number;
}

export interface Filling extends VaultSize {
  readonly url: string;
  readonly masterKey: string;
  /** Told now and then how many rows there are. */
  readonly onProgress?: (rows: number, of: number) => void;
}

const secretsAtOnce = 1_000;
const readsAtOnce = 4_000;
const admin: Principal = { zid: "ZEQ-BENCH-ADMIN", role: "admin" };

/**
 * Makes secrets, and a log that says that they were read, in an empty database: sealed, chained and written by the
 * vault's own parts, many rows in one transaction. It verifies. Only the read counters stay at 0.
 */
export async function fillVault({ url, masterKey, secrets, reads, onProgress }: Filling): Promise<void> {
  const key = await deriveSealingKey(parseMasterKey(masterKey));
  const store = await openStore(parseDatabaseUrl(url, noFile));
  try {
    await store.initKeyCheck(sealKeyCheck(key));
    const sealer = createSealer(createKeyring(key));
    for (let done = 0; done < secrets; done += secretsAtOnce) {
      const numbers = range(done, Math.min(secrets, done + secretsAtOnce));
      await write(
        store,
        numbers.map((number) => creation(number, sealer)),
      );
      onProgress?.(done + numbers.length, secrets + reads);
    }
    for (let done = 0; done < reads; done += readsAtOnce) {
      const numbers = range(done, Math.min(reads, done + readsAtOnce));
      await write(
        store,
        numbers.map((number) => reading(number, { secrets, reads })),
      );
      onProgress?.(secrets + done + numbers.length, secrets + reads);
    }
  } finally {
    await store.close();
  }
}

function write(store: Store, operations: readonly Operation<unknown>[]): Promise<void> {
  const now = momentOf(systemClock);
  const load = { needs: needsOf(operations), nowZeqond: now.zeqond, rowHashesAt: [] };
  return store.transact(load, (loaded) => applyBatch(operations, loaded, now).write);
}

function creation(number: number, sealer: Sealer): Operation<unknown> {
  const value = Plaintext.fromString(secretValue(number));
  // Never sealed again by itself: the daemon shall not work while something is measured.
  return setSecret({ name: secretName(number), value, boundZid: ownerZid, expiresZeqond: null }, admin, sealer);
}

/** The row of a read that nobody made. Those of one secret come together: in the order of the index, they go fast. */
function reading(number: number, { secrets, reads }: VaultSize): Operation<unknown> {
  const name = secretName(Math.floor((number * secrets) / reads));
  const payload = { name, purpose: "read", purpose_tag: null };
  const draft: AuditDraft = {
    type: "secret_read",
    originId: originIdOf(name),
    actorZid: ownerZid,
    purpose: "read",
    payload,
  };
  return {
    needs: [],
    weight: { rows: 1, bytes: 0 },
    apply: () => ({ outcome: { kind: "done", value: undefined }, changes: [], drafts: [draft] }),
  };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function noFile(): never {
  throw new Error("the benchmarks' databases need no file of authorities");
}
