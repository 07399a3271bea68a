import fc from "fast-check";
import { verify } from "../../src/audit/verify.ts";
import { openChangeIndex } from "../../src/compose.ts";
import { linkRows, looseRow } from "../../src/ledger/chain.ts";
import type { AuditDraft } from "../../src/ledger/operation.ts";
import { originIdOf } from "../../src/ledger/row.ts";
import { tables } from "../../src/tables.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, write } from "../support/ledger.ts";
import { generateRows } from "./generated-log.ts";
import { databaseKinds, type OpenVault, openVault, type Report, snapshotOf } from "./open-vault.ts";
import { runOn } from "./outsider.ts";

afterAll(cleanUpDatabases);

type Purpose = "created" | "updated" | "granted" | "revoked" | "manual_rotated" | "deleted" | "read";
type Change = readonly [purpose: Purpose, version?: unknown, name?: string];

const name = "a";
const types = { manual_rotated: "secret_rotated", deleted: "secret_deleted", read: "secret_read" } as const;

function draftOf([purpose, version, subject = name]: Change): AuditDraft {
  const type = purpose in types ? types[purpose as keyof typeof types] : "secret_set";
  const marks = purpose === "deleted" || purpose === "read" ? {} : { version, sealed_digest: "0".repeat(64) };
  return {
    type,
    originId: originIdOf(subject),
    actorZid: admin.zid,
    purpose,
    payload: { name: subject, purpose, ...marks },
  };
}

const unknownBefore = (what: string) => `it was ${what} when the log had no secret of that name`;
const outOfTurn = (version: number, expected: number) =>
  `it became version ${version} where version ${expected} was to follow: a row put back by hand was changed`;
const createdAgain = (version: number) => `it was created when the log had it already, at version ${version}`;

const logs: readonly (readonly [string, readonly Change[], readonly (readonly [seq: number, why: string])[]])[] = [
  [
    "follow one another, other names and reads between them",
    [
      ...([["created", 1], ["read"], ["created", 1, "b"], ["updated", 2], ["granted", 3], ["revoked", 4]] as const),
      ...([["manual_rotated", 5], ["deleted"], ["read"], ["created", 1], ["manual_rotated", 2]] as const),
      ...([["updated", 2, "b"], ["deleted"]] as const),
    ],
    [],
  ],
  ["begin with an update", [["updated", 1]], [[1, unknownBefore("changed")]]],
  ["begin with a rotation", [["manual_rotated", 2]], [[1, unknownBefore("changed")]]],
  ["begin with a deletion", [["deleted"]], [[1, unknownBefore("deleted")]]],
  [
    "create twice",
    [
      ["created", 1],
      ["created", 1],
    ],
    [[2, createdAgain(1)]],
  ],
  [
    "create twice, one version after the other",
    [
      ["created", 1],
      ["created", 2],
    ],
    [[2, createdAgain(1)]],
  ],
  ["create at another version", [["created", 2]], [[1, outOfTurn(2, 1)]]],
  [
    "have a version twice",
    [
      ["created", 1],
      ["revoked", 2],
      ["updated", 2],
    ],
    [[3, outOfTurn(2, 3)]],
  ],
  [
    "go back",
    [
      ["created", 1],
      ["granted", 2],
      ["revoked", 3],
      ["updated", 2],
      ["updated", 3],
    ],
    [[4, outOfTurn(2, 4)]],
  ],
  [
    "leave a version out",
    [
      ["created", 1],
      ["updated", 3],
      ["updated", 4],
    ],
    [[2, outOfTurn(3, 2)]],
  ],
  ["go on after a deletion", [["created", 1], ["deleted"], ["updated", 2]], [[3, unknownBefore("changed")]]],
  ["go on after a deletion from 1", [["created", 1], ["deleted"], ["granted", 1]], [[3, unknownBefore("changed")]]],
  ["delete twice", [["created", 1], ["deleted"], ["deleted"]], [[3, unknownBefore("deleted")]]],
  ["have no version", [["created"]], [[1, unknownBefore("changed")]]],
  [
    "go wrong more than once, for several names",
    [
      ["created", 1],
      ["updated", 2, "b"],
      ["updated", 3],
      ["created", 1],
    ],
    [
      [2, unknownBefore("changed")],
      [3, outOfTurn(3, 2)],
      [4, createdAgain(3)],
    ],
  ],
];

describe.each(databaseKinds)("on %s, changes of a name", (kind) => {
  let vault: OpenVault;

  beforeAll(async () => {
    vault = await openVault(kind);
    await vault.keep();
  });
  afterEach(() => vault.restore());
  afterAll(() => vault?.close());

  const record = (changes: readonly Change[]) =>
    write(vault.store, (head) => {
      const loose = changes.map((change) => looseRow(draftOf(change), vault.clock.now()));
      return { rows: linkRows(head, loose) };
    });
  /** That the log has what the vault does not is left aside: nothing is in it. */
  const oddities = (differences: Report["differences"]) =>
    differences
      .filter(({ name: subject, why }) => subject !== null && !why.includes("the vault does not"))
      .map(({ seq, why }) => [seq, why]);

  test.each(logs)("that %s", async (_what, changes, expected) => {
    await record(changes);
    const { broken, differences } = await vault.verify();
    expect(broken).toBeNull();
    expect(oddities(differences)).toEqual(expected);
    const outsider = await runOn(vault.url, []);
    const [first] = expected;
    expect(outsider.code).toBe(first === undefined ? 0 : 1);
    expect(outsider.stdout).toContain(first === undefined ? "the chain is whole" : `BROKEN: row ${first[0]}: '`);
  });

  test("are named with their secret, and the first ones when there are many", async () => {
    await record([["created", 1], ...Array.from({ length: 50 }, (): Change => ["updated", 7, "other"])]);
    const { differences } = await vault.verify();
    expect(differences.slice(0, 2)).toMatchObject([
      { name: "other", seq: 2 },
      { name: "other", seq: 3 },
    ]);
    expect(oddities(differences)).toHaveLength(20);
  });

  test("are met once when the log has to be walked row by row half way", async () => {
    await generateRows(vault, 3_000);
    const snapshot = await snapshotOf(vault.url);
    const index = await openChangeIndex();
    async function* blocks() {
      for await (const block of snapshot.blocks()) {
        yield block;
        return;
      }
    }
    const { rows, broken, differences } = await verify({
      snapshot: { ...snapshot, blocks },
      tables,
      index,
      clock: vault.clock,
    });
    index.close();
    await snapshot.close();
    expect([rows, broken, oddities(differences)]).toEqual([3_000, null, []]);
  });
});

test("a log of any changes is judged by the rule as it is written", async () => {
  const vault = await openVault("SQLite");
  const purposes = fc.constantFrom<Purpose>("created", "updated", "manual_rotated", "deleted");
  const changes = fc.array(fc.tuple(purposes, fc.integer({ min: 1, max: 4 })), { maxLength: 12 });
  await vault.keep();
  await fc.assert(
    fc.asyncProperty(changes, async (log) => {
      await write(vault.store, (head) => {
        const loose = [["read"] as Change, ...log].map((change) => looseRow(draftOf(change), vault.clock.now()));
        return { rows: linkRows(head, loose) };
      });
      let version = 0;
      const odd = log.flatMap(([purpose, given], index) => {
        const follows = (purpose === "created") === (version === 0) && (purpose === "deleted" || given === version + 1);
        version = purpose === "deleted" ? 0 : given;
        return follows ? [] : [index + 2];
      });
      const { differences } = await vault.verify();
      const found = differences.filter(({ why }) => !why.includes("the vault does not")).map(({ seq }) => seq);
      expect(found).toEqual(odd);
      await vault.restore();
    }),
    { numRuns: 60 },
  );
  await vault.close();
});
