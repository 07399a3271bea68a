import { VaultError } from "../../src/base/errors.ts";
import { rotateDue } from "../../src/jobs/rotation.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import { deleteSecret } from "../../src/secrets/delete.ts";
import { grantSecret, revokeSecret } from "../../src/secrets/permissions.ts";
import { readSecret } from "../../src/secrets/read.ts";
import { rotateIfDue, rotateSecret } from "../../src/secrets/rotate.ts";
import { type SetInput, setSecret } from "../../src/secrets/set.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, plain, testSealer } from "../support/ledger.ts";
import { databaseKinds, type OpenVault, openVault, type Statement } from "./open-vault.ts";

// What somebody who writes the table of secrets, and has kept older rows of it, puts back or takes out: no change that the
// vault makes afterwards may make it right.

const sealer = testSealer();
const ex = "ZEQ-EX";
const unlikeTheLog = "the secret is not what the audit log says so it cannot be changed";

const set = (fields: Partial<SetInput> = {}) =>
  setSecret({ name: "a", value: plain("a new value"), ...fields }, admin, sealer);

const changes: readonly (readonly [string, () => Operation<unknown>])[] = [
  ["a set", () => set()],
  ["a set that names everything", () => set({ boundZid: "Z", permissions: [], purposeTag: "t", expiresZeqond: null })],
  ["a rotation", () => rotateSecret("a", admin, sealer)],
  ["the daemon's rotation", () => rotateIfDue("a", sealer)],
  ["a grant", () => grantSecret("a", "ZEQ-OTHER", admin, sealer)],
  ["a grant that changes nothing", () => grantSecret("a", ex, admin, sealer)],
  ["a revoke", () => revokeSecret("a", ex, admin, sealer)],
  ["a deletion", () => deleteSecret("a", admin)],
];

/** Puts back the row that was kept. */
const putBack: readonly Statement[] = [
  ["DELETE FROM secret WHERE name = 'a'"],
  ["INSERT INTO secret SELECT * FROM kept_secret WHERE name = 'a'"],
];

afterAll(cleanUpDatabases);

describe.each(databaseKinds)("on %s", (kind) => {
  let vault: OpenVault;
  let sequencer: Sequencer;

  beforeEach(async () => {
    vault = await openVault(kind);
    sequencer = createSequencer({ store: vault.store, clock: vault.clock });
    await vault.run(set({ permissions: [ex], expiresZeqond: 0 }));
  });
  afterEach(() => vault.close());

  const outcomeOf = (operation: Operation<unknown>) =>
    sequencer.submit(operation).then(
      () => "done",
      (error: unknown) => (error instanceof VaultError ? `${error.code}: ${error.message}` : error),
    );
  const readAs = async (zid: string) => {
    const { value } = await sequencer.submit(readSecret({ name: "a", zid, purpose: "read" }, sealer));
    return value.value.text();
  };
  const lastRow = async () => (await vault.rows()).at(-1);
  const refused = async (operation: Operation<unknown>) => {
    expect(await outcomeOf(operation)).toBe(`SEAL_BROKEN: ${unlikeTheLog}`);
    expect(await lastRow()).toMatchObject({ transitionType: "secret_denied", proofPurpose: "error" });
  };

  test.each(changes)("%s does not make right the row of before a revocation", async (_what, change) => {
    await vault.keep();
    await vault.run(revokeSecret("a", ex, admin, sealer));
    await vault.run(readSecret({ name: "a", zid: "ZEQ-SYS", purpose: "read" }, sealer));
    await vault.sql(...putBack);
    await refused(change());
    expect((await vault.verify()).differences).toMatchObject([{ name: "a", seq: 2 }]);
  });

  test.each(changes)("%s does not bring a deleted secret back to life", async (_what, change) => {
    await vault.keep();
    await vault.run(deleteSecret("a", admin));
    await vault.sql(...putBack);
    await refused(change());
    expect((await vault.verify()).differences).toMatchObject([{ name: "a", seq: null }]);
  });

  test.each(changes)("%s does not take up a secret from before one of the same name", async (_what, change) => {
    await vault.keep();
    await vault.run(deleteSecret("a", admin));
    await vault.run(set({ expiresZeqond: 0 }));
    await vault.sql(...putBack);
    await refused(change());
  });

  test.each(changes.filter(([what]) => what.startsWith("a set")))(
    "%s does not create what was taken out by hand",
    async (_what, change) => {
      await vault.sql(["DELETE FROM secret WHERE name = 'a'"]);
      await refused(change());
      expect((await vault.verify()).differences).toMatchObject([{ name: "a", seq: 1 }]);
    },
  );

  test.each(changes)("%s does not take up a row of a name that the log does not know", async (_what, change) => {
    await vault.sql(
      ["DELETE FROM audit_log"],
      ["UPDATE audit_head SET seq = 0, row_hash = ?", "0".repeat(64)],
      ["DELETE FROM denial"],
    );
    await refused(change());
  });

  test.each([
    ["the expiry", "expires_zeqond = 1"],
    ["the tag", "purpose_tag = 'tag'"],
    ["the time of its making", "created_at = '2026-05-17T13:11:14.278Z'"],
    ["the time of its last change", "updated_at = '2026-05-17T13:11:14.278Z'"],
    ["the permissions", "permissions = '[]'"],
  ])("no change of a secret is made after %s was altered", async (_what, change) => {
    await vault.sql([`UPDATE secret SET ${change}`]);
    for (const [, operation] of changes) {
      expect(await outcomeOf(operation())).toMatch(/^SEAL_BROKEN: /);
    }
  });

  test("permissions that are only written in another way are not what the log says", async () => {
    await vault.sql([`UPDATE secret SET permissions = '[ "${ex}" ]'`]);
    await refused(rotateSecret("a", admin, sealer));
  });

  test("the daemon, asked by an expiry that was altered, changes nothing, and the revoked reads nothing newer", async () => {
    await vault.run(set({ permissions: [ex], expiresZeqond: null }));
    await vault.keep();
    await vault.run(revokeSecret("a", ex, admin, sealer));
    await vault.run(set({ value: plain("newer") }));
    await vault.sql(...putBack, ["UPDATE secret SET expires_zeqond = 0"]);
    const silent = () => undefined;
    const log = { debug: silent, info: silent, warn: silent, error: silent };
    expect(await rotateDue({ store: vault.store, sequencer, sealer, clock: vault.clock, log })).toBe(0);
    expect(await lastRow()).toMatchObject({ transitionType: "secret_denied", actorZid: "ZEQ-SYS" });
    await vault.sql(...putBack);
    await refused(set({ value: plain("newest") }));
    expect(await readAs(ex)).toBe("a new value");
    expect((await vault.verify()).differences).toMatchObject([{ name: "a" }]);
  });

  test("changes of what is as it should be go on, one after the other and in one batch", async () => {
    for (const [, change] of changes) {
      expect(await outcomeOf(change())).toBe("done");
    }
    expect(await outcomeOf(set())).toBe("done");
    const reads = Array.from({ length: 3 }, () => readSecret({ name: "a", zid: "ZEQ-SYS", purpose: "read" }, sealer));
    const batch = [...reads, ...changes.map(([, change]) => change()), set(), rotateSecret("a", admin, sealer)];
    expect(new Set(await Promise.all(batch.map(outcomeOf)))).toEqual(new Set(["done"]));
    expect(await vault.verify()).toMatchObject({ broken: null, differences: [] });
  });

  test("a read in the same batch does not make right what comes after it", async () => {
    await vault.keep();
    await vault.run(revokeSecret("a", ex, admin, sealer));
    await vault.sql(...putBack);
    const read = readSecret({ name: "a", zid: ex, purpose: "read" }, sealer);
    const outcomes = await Promise.all([read, set(), rotateSecret("a", admin, sealer), set()].map(outcomeOf));
    const refusal = `SEAL_BROKEN: ${unlikeTheLog}`;
    expect(outcomes).toEqual(["done", refusal, refusal, refusal]);
  });
});
