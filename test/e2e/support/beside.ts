import { systemClock } from "../../../src/base/clock.ts";
import type { Principal } from "../../../src/base/principal.ts";
import { openStore } from "../../../src/compose.ts";
import { parseDatabaseUrl } from "../../../src/config/database-url.ts";
import type { Operation } from "../../../src/ledger/operation.ts";
import { createSequencer } from "../../../src/ledger/sequencer.ts";
import { createSealer, type Sealer } from "../../../src/sealing/envelope.ts";
import { createKeyring } from "../../../src/sealing/keyring.ts";
import { deriveSealingKey, parseMasterKey } from "../../../src/sealing/master-key.ts";
import type { Vault } from "./vault.ts";

const admin: Principal = { zid: "ZEQ-ADMIN-BESIDE", role: "admin" };

/** Carries out an operation beside the server, on its database and with its keys: what its surfaces would refuse. */
export async function runBeside<T>(
  vault: Vault,
  operation: (admin: Principal, sealer: Sealer) => Operation<T>,
): Promise<T> {
  const store = await openStore(parseDatabaseUrl(vault.databaseUrl, String));
  const sequencer = createSequencer({ store, clock: systemClock });
  try {
    const sealer = createSealer(createKeyring(await deriveSealingKey(parseMasterKey(vault.masterKey))));
    return (await sequencer.submit(operation(admin, sealer))).value;
  } finally {
    await sequencer.close();
    await store.close();
  }
}
