import { rotationZeqonds } from "../../src/base/zeqond.ts";
import { rotateDue } from "../../src/jobs/rotation.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { startZeqond } from "../support/ledger.ts";
import { newPlaces, openRotatingVault, type RotatingVault, textOf } from "./rotating-vault.ts";

afterAll(cleanUpDatabases);

describe.each(newPlaces)("a pass of the daemon on %s", (_kind, newPlace) => {
  let vault: RotatingVault;

  beforeEach(async () => {
    vault = await openRotatingVault(newPlace);
  });
  afterEach(() => vault?.close());

  test("seals a secret afresh whose time has come, and nothing else of it changes", async () => {
    await vault.set("due", { expiresZeqond: startZeqond + 10, permissions: ["ZEQ-1"] });
    const before = await vault.secret("due");
    vault.clock.advanceZeqonds(10);
    expect(await rotateDue(await vault.replica())).toBe(1);
    const after = await vault.secret("due");
    const { sealedKey, sealedValue, version, expiresZeqond, updatedAt, ...same } = after;
    expect(before).toMatchObject(same);
    expect([version, expiresZeqond]).toEqual([2, startZeqond + 10 + rotationZeqonds]);
    expect(updatedAt).toBe(vault.clock.now().iso);
    expect(Buffer.compare(sealedKey, before.sealedKey)).not.toBe(0);
    expect(Buffer.compare(sealedValue, before.sealedValue)).not.toBe(0);
    expect(await vault.plaintextOf("due")).toBe(textOf("due"));
  });

  test("leaves one row, by the system itself", async () => {
    await vault.set("due", { expiresZeqond: startZeqond });
    await rotateDue(await vault.replica());
    const row = (await vault.rows()).at(-1);
    expect(row).toMatchObject({
      seq: 2,
      originId: "zsc:due",
      actorZid: "ZEQ-SYS",
      transitionType: "secret_rotated",
      proofPurpose: "auto_rotated",
    });
    expect(JSON.parse(row?.payloadJson ?? "")).toEqual({
      name: "due",
      purpose: "auto_rotated",
      version: 2,
      sealed_digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("leaves alone what is not due, or never is", async () => {
    await vault.set("soon", { expiresZeqond: startZeqond + 1 });
    await vault.set("never", { expiresZeqond: null });
    await vault.set("as usual");
    expect(await rotateDue(await vault.replica())).toBe(0);
    vault.clock.advanceZeqonds(rotationZeqonds - 1);
    expect(await rotateDue(await vault.replica())).toBe(1);
    vault.clock.advanceZeqonds(1);
    expect(await rotateDue(await vault.replica())).toBe(1);
    const versions = await Promise.all(["soon", "never", "as usual"].map((name) => vault.secret(name)));
    expect(versions.map(({ version }) => version)).toEqual([2, 1, 2]);
    expect((await vault.rows()).length).toBe(5);
  });

  test("rotates again when the time has come again, and not before", async () => {
    await vault.set("due", { expiresZeqond: startZeqond });
    const replica = await vault.replica();
    expect([await rotateDue(replica), await rotateDue(replica)]).toEqual([1, 0]);
    vault.clock.advanceZeqonds(rotationZeqonds);
    expect([await rotateDue(replica), await rotateDue(replica)]).toEqual([1, 0]);
    expect(await vault.secret("due")).toMatchObject({ version: 3 });
  });

  test("goes through 250 due secrets, page by page", async () => {
    const names = Array.from({ length: 250 }, (_, index) => `due ${index}`);
    await Promise.all(names.map((name) => vault.set(name, { expiresZeqond: startZeqond })));
    await vault.set("later");
    expect(await rotateDue(await vault.replica())).toBe(250);
    expect(await rotateDue(await vault.replica())).toBe(0);
    const rotated = (await vault.rows()).slice(251);
    expect(rotated.map(({ originId }) => originId).sort()).toEqual(names.map((name) => `zsc:${name}`).sort());
  }, 60_000);

  test("by two replicas at once rotates each secret once", async () => {
    const names = Array.from({ length: 120 }, (_, index) => `due ${index}`);
    await Promise.all(names.map((name) => vault.set(name, { expiresZeqond: startZeqond })));
    const replicas = await Promise.all([vault.replica(), vault.replica()]);
    const counts = await Promise.all(replicas.map((replica) => rotateDue(replica)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(120);
    expect((await vault.rows()).length).toBe(240);
    for (const name of names) {
      expect(await vault.secret(name)).toMatchObject({ version: 2 });
    }
  }, 60_000);

  test("skips a secret that does not open, logs and records it, and rotates the others", async () => {
    const names = Array.from({ length: 5 }, (_, index) => `due ${index}`);
    for (const name of names) {
      await vault.set(name, { expiresZeqond: startZeqond });
    }
    await vault.place.sql("UPDATE secret SET bound_zid = 'ZEQ-THIEF' WHERE name = 'due 1'");
    expect(await rotateDue(await vault.replica())).toBe(4);
    expect(vault.lines).toEqual([
      { level: "error", code: "SEAL_BROKEN", message: "a secret that is due does not open" },
    ]);
    expect(await vault.secret("due 1")).toMatchObject({ version: 1, expiresZeqond: startZeqond });
    const denied = (await vault.rows()).filter(({ transitionType }) => transitionType === "secret_denied");
    expect(denied).toMatchObject([{ originId: "zsc:due 1", actorZid: "ZEQ-SYS", proofPurpose: "error" }]);
    expect(JSON.parse(denied[0]?.payloadJson ?? "")).toEqual({ name: "due 1", purpose: "rotate", reason: "error" });
  });

  test("skips a whole page of secrets that do not open, and reaches the next", async () => {
    const names = Array.from({ length: 101 }, (_, index) => `due ${String(index).padStart(3, "0")}`);
    await Promise.all(names.map((name) => vault.set(name, { expiresZeqond: startZeqond })));
    await vault.place.sql("UPDATE secret SET bound_zid = 'ZEQ-THIEF' WHERE name <> 'due 100'");
    expect(await rotateDue(await vault.replica())).toBe(1);
    expect(vault.lines.length).toBe(100);
  }, 60_000);

  test("does nothing once it is told to stop", async () => {
    await vault.set("due", { expiresZeqond: startZeqond });
    expect(await rotateDue(await vault.replica(), AbortSignal.abort())).toBe(0);
    expect(await vault.secret("due")).toMatchObject({ version: 1 });
  });
});
