import { createSecretKey } from "node:crypto";
import { createApiKey } from "../../src/auth/api-key.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import type { Asked } from "../../src/people/events.ts";
import { logout } from "../../src/people/sign-out.ts";
import { createUser } from "../../src/people/users.ts";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { createRowMac } from "../../src/sealing/row-mac.ts";
import { placeOf } from "../../src/vaults/place.ts";
import { createPolicy, deletePolicy } from "../../src/vaults/policy-calls.ts";
import { admitUse } from "../../src/vaults/secret-use.ts";
import { createVault } from "../../src/vaults/vault-calls.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { handClock } from "../support/ledger.ts";
import { type Place, sqlitePlace } from "../support/places.ts";

const mac = createRowMac(createKeyring({ id: "07".repeat(8), key: createSecretKey(Buffer.alloc(32, 7)) }));

afterAll(cleanUpDatabases);

/** What one operation changes decides about the next ones, also when all of them share a batch. */
describe("in one batch", () => {
  let place: Place;
  let sequencer: Sequencer;
  let batches = 0;
  let ann: Asked;
  let bob: Asked;
  let vaultId: string;

  beforeEach(async () => {
    place = await sqlitePlace();
    const store = await place.open();
    const counting: Pick<Store, "transact" | "inProcess"> = {
      inProcess: store.inProcess,
      transact(load, decide) {
        batches += 1;
        return store.transact(load, decide);
      },
    };
    sequencer = createSequencer({ store: counting, clock: handClock(), mac });
    [ann, bob] = [await newUser("a@example.com", "owner", null), await newUser("b@example.com", "member", "a-jti")];
    vaultId = (await sequencer.submit(createVault(ann, "shared", ""))).value.id;
  });
  afterEach(async () => {
    await sequencer.close();
    await place.close();
  });

  async function newUser(email: string, role: "owner" | "member", jti: string | null): Promise<Asked> {
    const { key, record } = createApiKey("1ck_");
    key.wipe();
    const { value } = await sequencer.submit(createUser({ email, role, name: "", zid: null }, record));
    return { credential: { sub: `user:${value.id}`, jti, keyId: null, epoch: 0 }, address: "" };
  }

  /** Submits all at once; answers what became of each. */
  async function together(operations: readonly Operation<unknown>[]): Promise<readonly string[]> {
    batches = 0;
    const outcomes = await Promise.all(
      operations.map((operation) =>
        sequencer.submit(operation).then(
          () => "done",
          ({ code }: { readonly code: string }) => code,
        ),
      ),
    );
    expect(batches).toBe(1);
    return outcomes;
  }

  const read = () => admitUse(bob, "secret.read", placeOf(vaultId, "a/b"));
  const grant = (effect: string) =>
    createPolicy(ann, vaultId, {
      ...{ principal: bob.credential.sub, pattern: "**", permissions: ["read"], effect },
      ...{ priority: 0, expiresAtMs: null, conditions: "{}" },
    });

  test("a policy counts from its making until its deletion, and another one from then on", async () => {
    expect(await together([read(), grant("allow"), read(), read(), grant("deny"), read(), read()])).toEqual([
      ...["FORBIDDEN", "done", "done", "done", "done", "FORBIDDEN", "FORBIDDEN"],
    ]);
    const { value: policy } = await sequencer.submit(grant("allow"));
    const others = createVault(ann, "another", "");
    expect(await together([read(), others, deletePolicy(ann, vaultId, policy.id), read()])).toEqual([
      ...["FORBIDDEN", "done", "done", "FORBIDDEN"],
    ]);
  });

  test("a token that is signed out is dead for what comes behind it", async () => {
    await sequencer.submit(grant("allow"));
    expect(await together([read(), logout(bob), read(), read()])).toEqual([
      ...["done", "done", "UNAUTHENTICATED", "UNAUTHENTICATED"],
    ]);
  });
});
