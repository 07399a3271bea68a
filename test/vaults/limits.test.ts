import { createSecretKey } from "node:crypto";
import { createApiKey } from "../../src/auth/api-key.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import { createAgent, deactivateAgent, listAgents, updateAgent } from "../../src/people/agents.ts";
import { createPersonalKey, listApiKeys, revokePersonalKey } from "../../src/people/api-keys.ts";
import type { Asked } from "../../src/people/events.ts";
import { createUser } from "../../src/people/users.ts";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { createRowMac } from "../../src/sealing/row-mac.ts";
import { placeOf } from "../../src/vaults/place.ts";
import { createPolicy } from "../../src/vaults/policy-calls.ts";
import { admitUse } from "../../src/vaults/secret-use.ts";
import { createVault, findVisible, listVaults } from "../../src/vaults/vault-calls.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { handClock } from "../support/ledger.ts";
import { mysqlPlace, type Place, sqlitePlace } from "../support/places.ts";

const mac = createRowMac(createKeyring({ id: "07".repeat(8), key: createSecretKey(Buffer.alloc(32, 7)) }));
const atOnce = 64;
const timeoutMs = 120_000;

afterAll(cleanUpDatabases);

/** What is listed as a whole is bounded: docs/limits.md. */
describe.each([
  ["SQLite", sqlitePlace],
  ["MariaDB", mysqlPlace],
])("how many there may be, on %s:", (_kind, newPlace) => {
  let place: Place;
  let sequencers: readonly Sequencer[];
  let asked: Asked;

  /** Two servers, so that no bound is counted in the memory of one. */
  beforeEach(async () => {
    place = await newPlace();
    sequencers = [await place.open(), await place.open()].map((store) =>
      createSequencer({ store, clock: handClock(), mac }),
    );
    const user = createUser({ email: "a@example.com", role: "owner", name: "", zid: null }, record("1ck_"));
    const { value } = await submit(user, 0);
    asked = { credential: { sub: `user:${value.id}`, jti: null, keyId: null, epoch: null }, address: "" };
  });
  afterEach(async () => {
    await Promise.all(sequencers.map((each) => each.close()));
    await place.close();
  });

  const submit = <T>(operation: Operation<T>, server: number) => {
    const sequencer = sequencers[server % sequencers.length];
    if (sequencer === undefined) {
      throw new Error("no server");
    }
    return sequencer.submit(operation);
  };
  const record = (prefix: "1ck_" | "ocv_") => {
    const { key, record: kept } = createApiKey(prefix);
    key.wipe();
    return kept;
  };
  /** Makes `count` of them, many at once and on both servers; answers how often each outcome came. */
  const make = async (count: number, operationOf: (index: number) => Operation<unknown>) => {
    const outcomes: Record<string, number> = {};
    let next = 0;
    const caller = async (server: number) => {
      for (let index = next++; index < count; index = next++) {
        const outcome = await submit(operationOf(index), server).then(
          () => "made",
          ({ code }: { readonly code: string }) => code,
        );
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, (_, index) => caller(index)));
    return outcomes;
  };

  test(
    "1,000 agents, and no more from many callers at once",
    async () => {
      const settings = {
        ...{ description: "", scopes: [], vaultIds: [] },
        ...{ tokenTtlSeconds: null, expiresAtMs: null, keyExpiresAtMs: null },
      };
      const agent = (index: number) => createAgent(asked, { ...settings, name: `agent ${index}` }, record("ocv_"));
      expect(await make(1_040, agent)).toEqual({ made: 1_000, LIMIT_EXCEEDED: 40 });
      const [first] = (await submit(listAgents(asked), 1)).value;
      const id = first?.sub.slice("agent:".length) ?? "";
      await submit(deactivateAgent(asked, id), 0);
      expect(await make(2, (index) => agent(2_000 + index))).toEqual({ made: 1, LIMIT_EXCEEDED: 1 });
      // What is deactivated is listed, and does not count; nor is it active again beyond the limit.
      expect((await submit(listAgents(asked), 1)).value).toHaveLength(1_001);
      const back = submit(updateAgent(asked, id, { isActive: 1 }), 1);
      await expect(back).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    },
    timeoutMs,
  );

  test(
    "1,000 vaults, and no more from many callers at once",
    async () => {
      const vault = (index: number) => createVault(asked, `vault ${index}`, "");
      expect(await make(1_040, vault)).toEqual({ made: 1_000, LIMIT_EXCEEDED: 40 });
      expect((await submit(listVaults(asked), 1)).value.visible).toHaveLength(1_000);
    },
    timeoutMs,
  );

  test(
    "a caller whom very many policies name sees each vault that one of them allows",
    async () => {
      const bob = `user:${(await submit(createUser({ email: "b@example.com", role: "member", name: "", zid: null }, record("1ck_")), 0)).value.id}`;
      const ofBob = { credential: { sub: bob, jti: null, keyId: null, epoch: null }, address: "" };
      const ids: string[] = [];
      for (let index = 0; index < 6; index++) {
        ids.push((await submit(createVault(asked, `vault ${index}`, ""), 0)).value.id);
      }
      const fields = { principal: bob, pattern: "**", permissions: ["read"], priority: 0, expiresAtMs: null };
      const policyOf = (vault: number, effect: string) =>
        createPolicy(asked, ids[vault] ?? "", { ...fields, effect, conditions: "{}" });
      expect(await make(1_200, (index) => policyOf(index % 3, "deny"))).toEqual({ made: 1_200 });
      await make(5, (index) => policyOf(index, "allow"));
      const { visible, unsure } = (await submit(listVaults(ofBob), 1)).value;
      expect(visible.length + unsure.length).toBe(6);
      const found = (
        await submit(
          findVisible(
            ofBob,
            unsure.map(({ id }) => id),
          ),
          0,
        )
      ).value;
      expect([...visible.map(({ id }) => id), ...found].sort()).toEqual(ids.slice(0, 5).sort());
      // No deny is left out of what decides, whatever a list loads at once.
      const use = (vault: number) =>
        submit(admitUse(ofBob, "secret.read", placeOf(ids[vault] ?? "", "a")), vault).then(
          () => "allowed",
          ({ code }: { readonly code: string }) => code,
        );
      const outcomes = await Promise.all(ids.map((_, vault) => use(vault)));
      expect(outcomes).toEqual([...Array(3).fill("FORBIDDEN"), "allowed", "allowed", "FORBIDDEN"]);
    },
    timeoutMs,
  );

  test(
    "100 keys of a user, and no more from many callers at once",
    async () => {
      const key = (index: number) =>
        createPersonalKey(asked, { name: `key ${index}`, scopes: [], expiresAtMs: null, record: record("1ck_") });
      // The user was made with one.
      expect(await make(120, key)).toEqual({ made: 99, LIMIT_EXCEEDED: 21 });
      const keys = (await submit(listApiKeys(asked), 1)).value;
      expect(keys).toHaveLength(100);
      await submit(revokePersonalKey(asked, keys.at(-1)?.id ?? ""), 0);
      expect(await make(2, key)).toEqual({ made: 1, LIMIT_EXCEEDED: 1 });
      expect((await submit(listApiKeys(asked), 1)).value).toHaveLength(101);
    },
    timeoutMs,
  );
});
