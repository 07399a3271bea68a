import { createSecretKey } from "node:crypto";
import { verify } from "../../src/audit/verify.ts";
import { createApiKey } from "../../src/auth/api-key.ts";
import { openChangeIndex } from "../../src/compose.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import {
  deleteUser,
  disableUser,
  enableUser,
  findKeysOf,
  findPutBack,
  findUsers,
  setPassword,
  setZid,
  signOutUser,
} from "../../src/people/operator.ts";
import type { Person } from "../../src/people/tables.ts";
import { findOwners, listUsers } from "../../src/people/user-list.ts";
import { createUser } from "../../src/people/users.ts";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { createRowMac } from "../../src/sealing/row-mac.ts";
import { tables } from "../../src/tables.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { handClock } from "../support/ledger.ts";
import { mysqlPlace, type Place, sqlitePlace } from "../support/places.ts";

const mac = createRowMac(createKeyring({ id: "07".repeat(8), key: createSecretKey(Buffer.alloc(32, 7)) }));

afterAll(cleanUpDatabases);

describe.each([
  ["SQLite", sqlitePlace],
  ["MariaDB", mysqlPlace],
])("what the operator does to users, on %s:", (_kind, newPlace) => {
  let place: Place;
  let store: Store;
  let sequencer: Sequencer;

  beforeEach(async () => {
    owners = [];
    place = await newPlace();
    store = await place.open();
    sequencer = createSequencer({ store, clock: handClock(), mac });
  });
  afterEach(async () => {
    await sequencer.close();
    await place.close();
  });

  const submit = async <T>(operation: Operation<T>) => (await sequencer.submit(operation)).value;
  const make = async (email: string, role: "owner" | "member" = "member"): Promise<string> => {
    const { record, key } = createApiKey("1ck_");
    key.wipe();
    const sub = `user:${(await submit(createUser({ email, role, name: "", zid: null }, record))).id}`;
    owners.push(...(role === "owner" ? [sub] : []));
    return sub;
  };
  /** All who were made owners, whatever became of them. */
  let owners: string[] = [];
  const disable = (sub: string) => disableUser(sub, owners);
  const remove = (sub: string, keyIds: readonly string[]) => deleteUser(sub, keyIds, owners);
  const rows = async () =>
    (await store.rowsAfter(0, 1_000)).map(({ transitionType, originId, actorZid }) => [
      ...[transitionType, originId.replace(/:.*/, ""), actorZid],
    ]);
  const refusal = (operation: Operation<unknown>) =>
    submit(operation).then(
      () => "none",
      ({ code }: { readonly code: string }) => code,
    );
  const differences = async () => {
    const [snapshot, index] = [await store.openSnapshot(), await openChangeIndex()];
    const report = await verify({ snapshot, tables, index, clock: handClock() });
    index.close();
    await snapshot.close();
    expect(report.broken).toBeNull();
    return report.differences.map(({ table, name }) => [table?.name, name]);
  };

  test("each change is one event of the operator, and what changes nothing is none", async () => {
    const sub = await make("ann@example.com");
    const before = (await rows()).length;
    const states: Person[] = [];
    for (const change of [
      disable(sub),
      disable(sub),
      enableUser(sub),
      enableUser(sub),
      setPassword(sub, "$argon2id$x"),
      setZid(sub, "ZEQ-ANN"),
      setZid(sub, "ZEQ-ANN"),
      setZid(sub, null),
      signOutUser(sub),
    ]) {
      states.push(await submit(change));
    }
    const shown = states.map(({ isActive, tokenEpoch, zid, passwordHash, version }) => [
      ...[isActive, tokenEpoch, zid, passwordHash, version],
    ]);
    expect(shown).toEqual([
      [0, 1, null, null, 2],
      [0, 1, null, null, 2],
      [1, 1, null, null, 3],
      [1, 1, null, null, 3],
      [1, 2, null, "$argon2id$x", 4],
      [1, 2, "ZEQ-ANN", "$argon2id$x", 5],
      [1, 2, "ZEQ-ANN", "$argon2id$x", 5],
      [1, 2, null, "$argon2id$x", 6],
      [1, 3, null, "$argon2id$x", 7],
    ]);
    expect((await rows()).slice(before)).toEqual(
      [
        ...["admin_user_disabled", "admin_user_enabled", "auth.password_change"],
        ...["user.update", "user.update", "user.update"],
      ].map((type) => [type, "user", "system:operator"]),
    );
    expect(await submit(findUsers("ann@example.com"))).toEqual([states.at(-1)]);
    expect(await differences()).toEqual([]);
  });

  test("a deleted user is gone, its keys are revoked, and its e-mail is free", async () => {
    const sub = await make("ann@example.com");
    const keys = await submit(findKeysOf(sub));
    expect(keys).toHaveLength(1);
    expect(await refusal(remove(sub, []))).toBe("CONFLICT");
    expect(await submit(remove(sub, keys))).toMatchObject({ sub, email: "ann@example.com" });
    expect((await rows()).slice(-2)).toEqual([
      ["api_key.revoke", "api_key", "system:operator"],
      ["admin_user_deleted", "user", "system:operator"],
    ]);
    const all = [findUsers("ann@example.com"), disable(sub), enableUser(sub), signOutUser(sub)];
    for (const operation of [...all, setZid(sub, "Z"), setPassword(sub, "x"), remove(sub, keys)]) {
      expect(await refusal(operation)).toBe("NOT_FOUND");
    }
    expect(await place.sql("SELECT is_active FROM api_key")).toEqual([["0"]]);
    expect(await make("ann@example.com")).not.toBe(sub);
    expect(await differences()).toEqual([]);
  });

  test("the last active owner stays", async () => {
    const [one, other] = [await make("one@example.com", "owner"), await make("other@example.com", "owner")];
    await make("member@example.com");
    await submit(disable(one));
    expect(await refusal(disable(other))).toBe("FORBIDDEN");
    expect(await refusal(remove(other, await submit(findKeysOf(other))))).toBe("FORBIDDEN");
    await submit(enableUser(one));
    await submit(disable(other));
    await submit(remove(other, await submit(findKeysOf(other))));
    expect(await refusal(disable(one))).toBe("FORBIDDEN");
    expect(await differences()).toEqual([]);
  });

  test("two at once leave an owner", async () => {
    const subs = [await make("one@example.com", "owner"), await make("other@example.com", "owner")];
    const outcomes = await Promise.all(subs.map((sub) => refusal(disable(sub))));
    expect(outcomes.sort()).toEqual(["FORBIDDEN", "none"]);
  });

  test("a record that somebody changed by hand, or put back, is not changed further", async () => {
    const [altered, restored] = [await make("altered@example.com"), await make("restored@example.com")];
    const kept = await place.sql(`SELECT version, token_epoch, mac FROM person WHERE sub = '${restored}'`);
    expect(kept).toHaveLength(1);
    await place.sql(`CREATE TABLE kept AS SELECT * FROM person WHERE sub = '${restored}'`);
    await submit(signOutUser(restored));
    await place.sql(`DELETE FROM person WHERE sub = '${restored}'`);
    await place.sql("INSERT INTO person SELECT * FROM kept");
    await place.sql(`UPDATE person SET is_active = 0 WHERE sub = '${altered}'`);
    expect(await refusal(disable(altered))).toBe("SEAL_BROKEN");
    for (const sub of [altered, restored]) {
      const changes = [enableUser(sub), signOutUser(sub), setZid(sub, "Z"), setPassword(sub, "x")];
      for (const operation of [...changes, remove(sub, await submit(findKeysOf(sub)))]) {
        expect(await refusal(operation)).toBe("SEAL_BROKEN");
      }
    }
    expect((await differences()).sort()).toEqual([altered, restored].sort().map((sub) => ["person", sub]));
  });

  test("a user that was deleted and put back by hand is named", async () => {
    const sub = await make("ann@example.com");
    await place.sql("CREATE TABLE kept AS SELECT * FROM person");
    await submit(remove(sub, await submit(findKeysOf(sub))));
    await place.sql("INSERT INTO person SELECT * FROM kept");
    expect(await refusal(enableUser(sub))).toBe("SEAL_BROKEN");
    expect(await differences()).toEqual([["person", sub]]);
  });

  test("a user that was put back by hand is stopped, and is named ever after", async () => {
    const sub = await make("ann@example.com");
    await place.sql("CREATE TABLE kept AS SELECT * FROM person");
    await submit(setPassword(sub, "$argon2id$x"));
    await submit(disable(sub));
    await place.sql("DELETE FROM person");
    await place.sql("INSERT INTO person SELECT * FROM kept");
    expect(await submit(findPutBack([sub]))).toEqual([sub]);
    const stopped = await submit(disable(sub));
    expect(stopped).toMatchObject({ isActive: 0, version: 2 });
    // No token from after the time of the row comes to life when it is enabled.
    expect(stopped.tokenEpoch).toBeGreaterThan(1_000_000);
    expect(await submit(findPutBack([sub]))).toEqual([]);
    expect((await differences()).every(([, name]) => name === sub)).toBe(true);
    expect(await differences()).not.toEqual([]);
  });

  test("a user that was deleted and put back is told from who has the e-mail now", async () => {
    const gone = await make("ann@example.com");
    await place.sql("CREATE TABLE kept AS SELECT * FROM person");
    await submit(remove(gone, await submit(findKeysOf(gone))));
    const sub = await make("ann@example.com");
    await place.sql("INSERT INTO person SELECT * FROM kept");
    const subs = (await submit(findUsers("ann@example.com"))).map((each) => each.sub);
    expect([...subs].sort()).toEqual([gone, sub].sort());
    expect(await submit(findPutBack(subs))).toEqual([gone]);
    await submit(disable(gone));
    expect((await submit(findUsers("ann@example.com"))).map(({ isActive }) => isActive)).toEqual([1, 0]);
    expect((await submit(findUsers("ann@example.com")))[0].sub).toBe(sub);
  });

  test("an owner that was put back or altered by hand is no other owner", async () => {
    const [kept, gone, altered] = [
      await make("kept@example.com", "owner"),
      await make("gone@example.com", "owner"),
      await make("altered@example.com", "owner"),
    ];
    await place.sql(`CREATE TABLE kept AS SELECT * FROM person WHERE sub = '${gone}'`);
    await submit(remove(gone, await submit(findKeysOf(gone))));
    await place.sql("INSERT INTO person SELECT * FROM kept");
    await place.sql(`UPDATE person SET name = 'x' WHERE sub = '${altered}'`);
    expect([...(await findOwners(store))].sort()).toEqual([kept, gone, altered].sort());
    expect(await refusal(disable(kept))).toBe("FORBIDDEN");
    expect(await refusal(remove(kept, await submit(findKeysOf(kept))))).toBe("FORBIDDEN");
    expect(await refusal(disable(gone))).toBe("none");
  });

  test("users are listed by e-mail over many pages, and by a part of the e-mail", async () => {
    const emails = Array.from({ length: 1_001 }, (_, index) => `u${String(index * 7_919).padStart(8, "0")}@x.example`);
    await Promise.all(emails.map((email) => make(email)));
    await make("Zed@Y.example".toLowerCase());
    const list = (contains: string) => listUsers(store, contains, ({ email }) => email);
    expect(await list("")).toEqual([...emails, "zed@y.example"]);
    expect(await list("@Y.EX")).toEqual(["zed@y.example"]);
    expect(await list("nobody")).toEqual([]);
  }, 60_000);
});
