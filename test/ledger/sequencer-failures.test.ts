import type { Operation } from "../../src/ledger/operation.ts";
import { receiptOfRow } from "../../src/ledger/receipt.ts";
import { createSequencer, type SequencerOptions } from "../../src/ledger/sequencer.ts";
import { type LedgerWrite, StoreFailure, type StoreFailureKind } from "../../src/ledger/store.ts";
import { revokeSecret } from "../../src/secrets/permissions.ts";
import { denials, secrets } from "../../src/secrets/tables.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { answerLost, commitLost, conflict, type Door, door, type Fate, unavailable } from "../support/faulty-store.ts";
import { admin, load, request, secretNamed } from "../support/ledger.ts";
import { type LedgerUnderTest, note, openLedger, sealer } from "./ledger-under-test.ts";

const away = { name: "VaultError", code: "STORE_UNAVAILABLE", retryAfterMs: 1_000 };

describe("the sequencer, when things go wrong", () => {
  let ledger: LedgerUnderTest;
  let failures: [string, number][];

  beforeEach(async () => {
    failures = [];
    const onFailure: SequencerOptions["onFailure"] = ({ kind }, attempt) => failures.push([kind, attempt]);
    ledger = await openLedger({ onFailure });
  });
  afterEach(() => ledger.close());
  afterAll(cleanUpDatabases);

  const submit = (...numbers: readonly number[]) => numbers.map((number) => ledger.sequencer.submit(note(number)));

  describe("an operation that throws", () => {
    const bug = new TypeError("a bug");
    const { weight, apply } = note(0);
    const needs = [
      { table: secrets, key: ["not there"] },
      { table: denials, lookup: "zid", by: ["ZEQ1"] },
    ];
    const draftOf = (view: Parameters<typeof apply>[0]) => apply(view).drafts[0] ?? fail();

    const broken: [string, Operation<unknown>["apply"]][] = [
      ["in its decision", () => fail(bug)],
      [
        "because a change cannot be made",
        (view) => ({
          ...apply(view),
          changes: [
            { kind: "put", table: secrets, record: secretNamed("half done") },
            { kind: "append", table: denials, draft: 0 },
            { kind: "count", table: secrets, key: ["not there"] },
          ],
        }),
      ],
      [
        "because a denial has no row",
        (view) => ({ ...apply(view), changes: [{ kind: "append", table: denials, draft: 1 }] }),
      ],
      [
        "because its row cannot be written down",
        (view) => ({ ...apply(view), drafts: [{ ...draftOf(view), payload: { count: 1n } }] }),
      ],
      [
        "because its row has no subject",
        (view) => ({ ...apply(view), drafts: [{ ...draftOf(view), originId: fail(bug) }] }),
      ],
    ];

    test.each(broken)("%s fails alone, and nothing of it is kept", async (_when, decide) => {
      const operation: Operation<unknown> = { needs, weight, apply: decide };
      const [first, failed, last, read] = await Promise.allSettled([
        ledger.sequencer.submit(note(1)),
        ledger.sequencer.submit(operation),
        ledger.sequencer.submit(note(2)),
        ledger.read("half done"),
      ]);
      expect([first.status, failed.status, last.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(read).toMatchObject({ reason: { code: "NOT_FOUND" } });
      expect(failures).toEqual([]);
      expect((await ledger.rows()).map(({ transitionType }) => transitionType)).toEqual([
        "admin_list",
        "admin_list",
        "secret_denied",
      ]);
      const { secrets, denials } = await load(ledger.store, { secrets: ["half done"], denials: ["ZEQ1"] });
      expect([secrets.size, denials.size]).toEqual([0, 0]);
    });

    test("rejects with what it threw", async () => {
      const operation: Operation<never> = { needs, weight, apply: () => fail(bug) };
      await expect(ledger.sequencer.submit(operation)).rejects.toBe(bug);
    });
  });

  describe("a conflict", () => {
    test("is decided again on fresh rows", async () => {
      await ledger.set("a", "v", ["ZEQ1"]);
      await ledger.read("a", "ZEQ1");
      const rival = await openRival();
      ledger.faulty.plan(async (transaction) => {
        await conflict(transaction).catch(() => undefined);
        await rival.sequencer.submit(revokeSecret("a", "ZEQ1", admin, sealer));
        throw new StoreFailure("conflict", "a rival came first");
      });
      await expect(ledger.read("a", "ZEQ1")).rejects.toMatchObject({ code: "DENIED" });
      expect(failures).toEqual([["conflict", 1]]);
      const types = (await ledger.rows()).map(
        ({ transitionType, proofPurpose }) => `${transitionType} ${proofPurpose}`,
      );
      expect(types).toEqual(["secret_set set", "secret_read read", "secret_set revoked", "secret_denied denied"]);
    });

    test("takes the time of the attempt that succeeded", async () => {
      ledger.faulty.plan(async (transaction) => {
        ledger.clock.advanceZeqonds(3);
        await conflict(transaction);
      });
      await Promise.all(submit(1));
      expect((await ledger.rows())[0]?.createdAt).toBe(ledger.clock.now().iso);
    });

    test("that does not end is given up, for every waiter, and the next batch works", async () => {
      ledger.faulty.plan(...Array<Fate>(40).fill(conflict));
      for (const each of await Promise.allSettled(submit(1, 2))) {
        expect(each).toMatchObject({ reason: away });
      }
      expect(failures.map(([, attempt]) => attempt)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      await Promise.all(submit(3));
      expect(await ledger.notes()).toEqual([3]);
    });
  });

  describe("a commit in doubt", () => {
    const openings: [string, readonly Fate[]][] = [
      ["that was carried out is answered from the chain", [answerLost]],
      ["that was not carried out is written once", [commitLost]],
      ["is looked up again after a conflict", [answerLost, conflict]],
      ["is looked up again while the database is away", [answerLost, unavailable, unavailable, unavailable]],
      ["may be in doubt again, carried out the second time", [commitLost, answerLost]],
      ["may be in doubt many times", [commitLost, commitLost, conflict, commitLost, answerLost, answerLost]],
    ];

    test.each(openings)("%s", async (_what, fates) => {
      await ledger.set("a", "value");
      ledger.faulty.plan(...fates);
      const [read, refused, noted] = await Promise.allSettled([
        ledger.read("a"),
        ledger.read("a", "ZEQ-STRANGER"),
        ledger.sequencer.submit(note(1)),
      ]);
      const rows = await ledger.rows();
      expect(rows.map(({ seq, transitionType }) => `${seq} ${transitionType}`)).toEqual([
        "1 secret_set",
        "2 secret_read",
        "3 secret_denied",
        "4 admin_list",
      ]);
      const receipts = rows.map(receiptOfRow);
      expect(read).toMatchObject({ status: "fulfilled", value: { receipts: [receipts[1]] } });
      expect(read.status === "fulfilled" && read.value.value.value.text()).toBe("value");
      expect(refused).toMatchObject({ reason: { code: "DENIED", receipt: `3.${receipts[2]?.rowHash}` } });
      expect(noted).toMatchObject({ value: { receipts: [receipts[3]] } });
      const { secrets, denials } = await load(ledger.store, {
        secrets: ["a"],
        denials: ["ZEQ-STRANGER"],
        nowZeqond: ledger.clock.now().zeqond,
      });
      expect(secrets.get("a")?.readCount).toBe(1);
      expect(denials.get("ZEQ-STRANGER")?.length).toBe(1);
    });

    test("that was carried out is found although others have written since", async () => {
      const rival = await openRival();
      ledger.faulty.plan(async (transaction) => {
        await answerLost(transaction).catch(() => undefined);
        await Promise.all([rival.sequencer.submit(note(10)), rival.sequencer.submit(note(11))]);
        throw new StoreFailure("in_doubt", "lost");
      });
      const [{ receipts } = fail()] = await Promise.all(submit(1));
      expect(receipts[0]?.seq).toBe(1);
      expect(await ledger.notes()).toEqual([1, 10, 11]);
    });

    test("that was not carried out is written behind what others wrote in its place", async () => {
      const rival = await openRival();
      ledger.faulty.plan(async (transaction) => {
        await commitLost(transaction).catch(() => undefined);
        await rival.sequencer.submit(note(10));
        throw new StoreFailure("in_doubt", "lost");
      });
      const [{ receipts } = fail()] = await Promise.all(submit(1));
      expect(receipts[0]?.seq).toBe(2);
      expect(await ledger.notes()).toEqual([10, 1]);
    });

    test("that is carried out late is found, also behind a later attempt in doubt", async () => {
      let late: LedgerWrite | null = null;
      ledger.faulty.plan(
        async ({ rollBack }) => {
          late = await rollBack();
          throw new StoreFailure("in_doubt", "lost");
        },
        async ({ rollBack }) => {
          await rollBack();
          await ledger.store.transact(request(), () => late);
          throw new StoreFailure("in_doubt", "lost");
        },
      );
      await Promise.all(submit(1, 2));
      expect(await ledger.notes()).toEqual([1, 2]);
    });

    test("that stays in doubt says so", async () => {
      ledger.faulty.plan(answerLost, ...Array<Fate>(39).fill(unavailable));
      const [answer] = await Promise.allSettled(submit(1));
      expect(answer).toMatchObject({ reason: away });
      expect(answer).toMatchObject({ reason: { message: expect.stringContaining("may have been recorded") } });
    });
  });

  describe("a database that is away", () => {
    /** Waits before the door, writes nothing and fails. */
    const failing =
      (held: Door, kind: StoreFailureKind): Fate =>
      async ({ rollBack }) => {
        const commit = async () => void (await rollBack());
        await held.before({ rollBack, commit });
        throw new StoreFailure(kind, "as planned");
      };

    test("is tried once more, since an idle connection may just have been closed", async () => {
      ledger.faulty.plan(unavailable);
      await Promise.all(submit(1, 2));
      expect(failures).toEqual([["unavailable", 1]]);
      expect(await ledger.notes()).toEqual([1, 2]);
    });

    test("fails all who wait behind the batch too, without a try of their own", async () => {
      const held = door();
      ledger.faulty.plan(unavailable, failing(held, "unavailable"));
      const first = submit(1);
      await held.reached;
      const behind = submit(2, 3);
      held.open();
      for (const each of await Promise.allSettled([...first, ...behind])) {
        expect(each).toMatchObject({ status: "rejected", reason: away });
      }
      expect(ledger.faulty.attempts()).toBe(2);
      await Promise.all(submit(4));
    });

    test("in doubt fails those behind the batch, of whom nothing can have been recorded", async () => {
      const held = door();
      ledger.faulty.plan(answerLost, ...Array<Fate>(38).fill(unavailable), failing(held, "unavailable"));
      const first = submit(1);
      await held.reached;
      const behind = submit(2);
      held.open();
      const [doubtful, sure] = await Promise.allSettled([...first, ...behind]);
      expect(doubtful).toMatchObject({ reason: { message: expect.stringContaining("may have been recorded") } });
      expect(sure).toMatchObject({ reason: { message: expect.stringContaining("nothing was released") } });
      expect(sure).not.toMatchObject({ reason: { message: expect.stringContaining("may have been recorded") } });
    });

    test("is another thing than rivals, who fail one batch alone", async () => {
      const held = door();
      ledger.faulty.plan(...Array<Fate>(39).fill(conflict), failing(held, "conflict"));
      const first = submit(1);
      await held.reached;
      const behind = submit(2);
      held.open();
      const [lost] = await Promise.allSettled(first);
      expect(lost).toMatchObject({ reason: away });
      await Promise.all(behind);
    });

    test("fails every waiter of the batch, and the next batch works", async () => {
      ledger.faulty.plan(unavailable, unavailable);
      for (const each of await Promise.allSettled(submit(1, 2, 3))) {
        expect(each).toMatchObject({ status: "rejected", reason: away });
        expect(each).toMatchObject({ reason: { message: expect.stringContaining("nothing was released") } });
      }
      await Promise.all(submit(4));
      expect(await ledger.notes()).toEqual([4]);
    });
  });

  test("a bug in the store fails the batch as it is, and the next batch works", async () => {
    const bug = new TypeError("a bug");
    ledger.faulty.plan(() => Promise.reject(bug));
    for (const each of await Promise.allSettled(submit(1, 2))) {
      expect(each).toMatchObject({ reason: bug });
    }
    await Promise.all(submit(3));
    expect(await ledger.notes()).toEqual([3]);
  });

  /** Another server on the same database. */
  async function openRival() {
    return { sequencer: createSequencer({ store: await ledger.place.open(), clock: ledger.clock }) };
  }
});

function fail(error: Error = new Error("it should not have come here")): never {
  throw error;
}
