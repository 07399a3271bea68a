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
  findUser,
  setPassword,
  setZid,
  signOutUser,
} from "../../src/people/operator.ts";
import type { Person } from "../../src/people/tables.ts";
import { listUsers } from "../../src/people/user-list.ts";
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
    return `user:${(await submit(createUser({ email, role, name: "", zid: null }, record))).id}`;
  };
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
      disableUser(sub),
      disableUser(sub),
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
    expect(await submit(findUser("ann@example.com"))).toEqual(states.at(-1));
    expect(await differences()).toEqual([]);
  });

  test("a deleted user is gone, its keys are revoked, and its e-mail is free", async () => {
    const sub = await make("ann@example.com");
    const keys = await submit(findKeysOf(sub));
    expect(keys).toHaveLength(1);
    expect(await refusal(deleteUser(sub, []))).toBe("CONFLICT");
    expect(await submit(deleteUser(sub, keys))).toMatchObject({ sub, email: "ann@example.com" });
    expect((await rows()).slice(-2)).toEqual([
      ["api_key.revoke", "api_key", "system:operator"],
      ["admin_user_deleted", "user", "system:operator"],
    ]);
    const all = [findUser("ann@example.com"), disableUser(sub), enableUser(sub), signOutUser(sub)];
    for (const operation of [...all, setZid(sub, "Z"), setPassword(sub, "x"), deleteUser(sub, keys)]) {
      expect(await refusal(operation)).toBe("NOT_FOUND");
    }
    expect(await place.sql("SELECT is_active FROM api_key")).toEqual([["0"]]);
    expect(await make("ann@example.com")).not.toBe(sub);
    expect(await differences()).toEqual([]);
  });

  test("the last active owner stays", async () => {
    const [one, other] = [await make("one@example.com", "owner"), await make("other@example.com", "owner")];
    await make("member@example.com");
    await submit(disableUser(one));
    expect(await refusal(disableUser(other))).toBe("FORBIDDEN");
    expect(await refusal(deleteUser(other, await submit(findKeysOf(other))))).toBe("FORBIDDEN");
    await submit(enableUser(one));
    await submit(disableUser(other));
    await submit(deleteUser(other, await submit(findKeysOf(other))));
    expect(await refusal(disableUser(one))).toBe("FORBIDDEN");
    expect(await differences()).toEqual([]);
  });

  test("two at once leave an owner", async () => {
    const subs = [await make("one@example.com", "owner"), await make("other@example.com", "owner")];
    const outcomes = await Promise.all(subs.map((sub) => refusal(disableUser(sub))));
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
    for (const sub of [altered, restored]) {
      const changes = [disableUser(sub), enableUser(sub), signOutUser(sub), setZid(sub, "Z"), setPassword(sub, "x")];
      for (const operation of [...changes, deleteUser(sub, await submit(findKeysOf(sub)))]) {
        expect(await refusal(operation)).toBe("SEAL_BROKEN");
      }
    }
    expect((await differences()).sort()).toEqual([altered, restored].sort().map((sub) => ["person", sub]));
  });

  test("a user that was deleted and put back by hand is named", async () => {
    const sub = await make("ann@example.com");
    await place.sql("CREATE TABLE kept AS SELECT * FROM person");
    await submit(deleteUser(sub, await submit(findKeysOf(sub))));
    await place.sql("INSERT INTO person SELECT * FROM kept");
    expect(await refusal(enableUser(sub))).toBe("SEAL_BROKEN");
    expect(await differences()).toEqual([["person", sub]]);
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
