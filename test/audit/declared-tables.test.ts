import { createSecretKey } from "node:crypto";
import { verify } from "../../src/audit/verify.ts";
import { VaultError } from "../../src/base/errors.ts";
import { openChangeIndex } from "../../src/compose.ts";
import { changeMarks } from "../../src/ledger/last-change.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { createRowMac } from "../../src/sealing/row-mac.ts";
import { type Note, notes, type Pass, passes, withNotes } from "../store/declared-tables.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, handClock } from "../support/ledger.ts";
import { mysqlPlace, type Place, sqlitePlace } from "../support/places.ts";

/** Writes a note, or takes it away: what a surface of its own would do, in one file. */
function change(note: Note, purpose: "created" | "updated" | "removed"): Operation<Note> {
  const { shelf, number } = note;
  const payload = { shelf, number, purpose, ...(purpose === "removed" ? {} : changeMarks(notes, note)) };
  const originId = `zsc:note|${shelf}\u0000${number}`;
  return {
    needs: [{ table: notes, key: [shelf, number], changes: true }],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      if (!view.isAsRecorded(notes, shelf, number)) {
        throw new VaultError("SEAL_BROKEN", "the note is not what the log says");
      }
      return {
        outcome: { kind: "done", value: note },
        changes:
          purpose === "removed"
            ? [{ kind: "delete", table: notes, key: [shelf, number] }]
            : [{ kind: "put", table: notes, record: note }],
        drafts: [
          {
            type: purpose === "removed" ? "note_removed" : "note_written",
            ...{ originId, actorZid: admin.zid, purpose, payload },
          },
        ],
      };
    },
  };
}

function give(pass: Pass): Operation<readonly string[]> {
  const { holder } = pass;
  return {
    needs: [{ table: passes, key: [holder], changes: true }],
    weight: { rows: 1, bytes: 0 },
    apply: () => ({
      outcome: { kind: "done", value: pass.rights },
      changes: [{ kind: "put", table: passes, record: pass }],
      drafts: [
        {
          type: "pass_given",
          originId: `zsc:pass|${holder}`,
          actorZid: admin.zid,
          purpose: "given",
          payload: { holder, purpose: pass.version === 1 ? "created" : "updated", ...changeMarks(passes, pass) },
        },
      ],
    }),
  };
}

/** What somebody may do, decided on his pass under the lock. */
function rightsOf(holder: string): Operation<readonly string[]> {
  return {
    needs: [{ table: passes, key: [holder] }],
    weight: { rows: 1, bytes: 0 },
    apply: (view) => ({
      outcome: { kind: "done", value: view.get(passes, holder)?.rights ?? [] },
      changes: view.get(passes, holder) === undefined ? [] : [{ kind: "count", table: passes, key: [holder] }],
      drafts: [{ type: "pass_shown", originId: `zsc:pass|${holder}`, actorZid: holder, purpose: "shown", payload: {} }],
    }),
  };
}

const note = (number: number, fields: Partial<Note> = {}): Note => ({
  ...{ shelf: "a", number, id: crypto.randomUUID(), version: 1, text: "t", tags: ["x"], blob: null },
  ...{ madeAt: "2026-05-17T13:11:14.277Z", color: "red" },
  ...fields,
});

const unshown = { shown: 0, shownZeqond: null };

const mac = createRowMac(createKeyring({ id: "07".repeat(8), key: createSecretKey(Buffer.alloc(32, 7)) }));

afterAll(cleanUpDatabases);

describe.each([
  ["SQLite", sqlitePlace],
  ["MariaDB", mysqlPlace],
])("a table that is only declared, on %s,", (_kind, newPlace) => {
  let place: Place;
  let store: Store;
  let sequencer: Sequencer;

  beforeEach(async () => {
    place = await newPlace(withNotes);
    store = await place.open();
    sequencer = createSequencer({ store, clock: handClock(), mac });
  });
  afterEach(async () => {
    await sequencer.close();
    await place.close();
  });

  const differences = async () => {
    const [snapshot, index] = [await store.openSnapshot(), await openChangeIndex()];
    const report = await verify({ snapshot, tables: withNotes, index, clock: handClock() });
    index.close();
    await snapshot.close();
    expect(report.broken).toBeNull();
    return report.differences.map(({ table, name, why }) => [table?.name, name, why]);
  };

  test("is changed, recorded and verified like secrets", async () => {
    const [first, second] = [note(1), note(2)];
    await sequencer.submit(change(first, "created"));
    await sequencer.submit(change(second, "created"));
    await sequencer.submit(change({ ...first, version: 2, text: "other" }, "updated"));
    await sequencer.submit(change(second, "removed"));
    await sequencer.submit(change(note(2), "created"));
    expect(await differences()).toEqual([]);
    const rehearsed = await store.rehearse(true);
    expect(rehearsed.newest?.seq).toBe(5);
    expect((await store.rowsAfter(3, 10)).map(({ transitionType }) => transitionType)).toEqual([
      "note_removed",
      "note_written",
    ]);
  });

  test("is named with its record when somebody alters, adds or removes a row", async () => {
    for (const number of [1, 2, 3]) {
      await sequencer.submit(change(note(number), "created"));
    }
    await place.sql("UPDATE note SET color = 'blue' WHERE number = 1");
    await place.sql("DELETE FROM note WHERE number = 2");
    await place.sql("UPDATE note SET shelf = 'b' WHERE number = 3");
    const found = await differences();
    expect(found).toContainEqual(["note", "a\u00001", "its row in the vault was altered by hand"]);
    expect(found).toContainEqual([
      ...["note", "b\u00003"],
      "the vault has it, the log does not: it was put there by hand",
    ]);
    expect(found).toHaveLength(4);
    const altered = sequencer.submit(change(note(1, { version: 2 }), "updated"));
    await expect(altered).rejects.toMatchObject({ code: "SEAL_BROKEN" });
  });

  test("that is vouched for gives nobody what he wrote into it himself", async () => {
    await sequencer.submit(give({ holder: "ann", version: 1, rights: ["read"], ...unshown }));
    await sequencer.submit(give({ holder: "bob", version: 1, rights: ["read", "write"], ...unshown }));
    expect((await sequencer.submit(rightsOf("ann"))).value).toEqual(["read"]);
    expect((await sequencer.submit(rightsOf("nobody"))).value).toEqual([]);
    // Its counters are beside what is vouched for.
    const counted = await place.sql("SELECT origin_id, last_seq, read_count FROM audit_origin ORDER BY last_seq");
    expect(counted.map((row) => row.map(String))).toEqual([
      ["zsc:pass|bob", "2", "0"],
      ["zsc:pass|ann", "3", "1"],
      ["zsc:pass|nobody", "4", "0"],
    ]);
    await place.sql(`UPDATE pass SET rights = '["read","write"]' WHERE holder = 'ann'`);
    await expect(sequencer.submit(rightsOf("ann"))).rejects.toMatchObject({ code: "SEAL_BROKEN" });
    await place.sql("UPDATE pass SET holder = 'eve' WHERE holder = 'bob'");
    await expect(sequencer.submit(rightsOf("eve"))).rejects.toMatchObject({ code: "SEAL_BROKEN" });
    expect(await differences()).toEqual(expect.arrayContaining([["pass", "ann", expect.stringContaining("altered")]]));
  });
});
