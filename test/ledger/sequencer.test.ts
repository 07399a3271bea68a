import type { VaultError } from "../../src/base/errors.ts";
import { receiptOfRow, receiptText } from "../../src/ledger/receipt.ts";
import type { SequencerOptions } from "../../src/ledger/sequencer.ts";
import { deleteSecret } from "../../src/secrets/delete.ts";
import { rotateIfDue } from "../../src/secrets/rotate.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { door, type Fate } from "../support/faulty-store.ts";
import { admin, load } from "../support/ledger.ts";
import { type LedgerUnderTest, note, openLedger, sealer } from "./ledger-under-test.ts";

const places = [
  { where: "in this process", inProcess: true },
  { where: "in another process", inProcess: false },
];

describe.each(places)("the sequencer, over a database $where,", ({ inProcess }) => {
  const opened: LedgerUnderTest[] = [];

  const open = async (options: Partial<SequencerOptions> = {}) => {
    const ledger = await openLedger({ ...options, inProcess });
    opened.push(ledger);
    return ledger;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
  });
  afterAll(cleanUpDatabases);

  const submitNotes = ({ sequencer }: LedgerUnderTest, ...numbers: readonly number[]) =>
    numbers.map((number) => sequencer.submit(note(number)));

  describe("groups", () => {
    test("what comes in one turn into one transaction, in its order", async () => {
      const ledger = await open();
      const numbers = Array.from({ length: 100 }, (_, index) => index);
      const recorded = await Promise.all(submitNotes(ledger, ...numbers));
      expect(ledger.rowsOfBatches()).toEqual([100]);
      expect(recorded.map(({ receipts }) => receipts[0]?.seq)).toEqual(numbers.map((number) => number + 1));
      expect(await ledger.notes()).toEqual(numbers);
    });

    test("what comes while a batch is in flight into the next one", async () => {
      const ledger = await open();
      const gate = door();
      ledger.faulty.plan(gate.before);
      const first = submitNotes(ledger, 1, 2);
      await gate.reached;
      const second = submitNotes(ledger, 3, 4, 5);
      gate.open();
      await Promise.all([...first, ...second]);
      expect(ledger.rowsOfBatches()).toEqual([2, 3]);
    });

    test("at most so many rows into one transaction", async () => {
      const ledger = await open({ maxBatchRows: 3 });
      await Promise.all(submitNotes(ledger, 1, 2, 3, 4, 5, 6, 7));
      expect(ledger.rowsOfBatches()).toEqual([3, 3, 1]);
      expect(await ledger.notes()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    test("at most so many bytes of values into one transaction, a larger one going alone", async () => {
      const ledger = await open({ maxBatchBytes: 2_000 });
      const sizes = [500, 500, 1, 3_000, 1, 1];
      await Promise.all(sizes.map((size, index) => ledger.set(`${index}`, "v".repeat(size))));
      expect(ledger.rowsOfBatches()).toEqual([2, 1, 1, 2]);
    });

    test("so that each operation sees what those before it did", async () => {
      const ledger = await open();
      const [, first, , gone, , second] = await Promise.allSettled([
        ledger.set("a", "one"),
        ledger.read("a"),
        ledger.sequencer.submit(deleteSecret("a", admin)),
        ledger.read("a"),
        ledger.set("a", "two"),
        ledger.read("a"),
      ]);
      expect(ledger.faulty.written.length).toBe(1);
      const values = [first, second].map((read) => read.status === "fulfilled" && read.value.value.value.text());
      expect(values).toEqual(["one", "two"]);
      expect(gone).toMatchObject({ status: "rejected", reason: { code: "NOT_FOUND" } });
      const { secrets } = await load(ledger.store, { secrets: ["a"] });
      expect(secrets.get("a")).toMatchObject({ version: 1, readCount: 1 });
    });
  });

  test("keeps a database in another process busy while it answers", async () => {
    const ledger = await open();
    const gate = door();
    const order: string[] = [];
    const begin: Fate = (transaction) => {
      order.push("second begun");
      return transaction.commit();
    };
    ledger.faulty.plan(gate.after, begin);
    const first = ledger.sequencer.submit(note(1)).then(() => order.push("first answered"));
    await gate.reached;
    const second = ledger.sequencer.submit(note(2));
    gate.open();
    await Promise.all([first, second]);
    expect(order).toEqual(inProcess ? ["first answered", "second begun"] : ["second begun", "first answered"]);
  });

  test("resolves only once the commit is done, with the receipts of its rows", async () => {
    const ledger = await open();
    const gate = door();
    ledger.faulty.plan(gate.after);
    let settled = false;
    const submitted = ledger.sequencer.submit(note(1)).finally(() => {
      settled = true;
    });
    await gate.reached;
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    gate.open();
    const { receipts } = await submitted;
    expect(receipts).toEqual((await ledger.rows()).map(receiptOfRow));
  });

  test("rejects a refusal with the receipt of its row", async () => {
    const ledger = await open();
    const refused: VaultError = await ledger.read("nowhere").then(fail, (error) => error);
    const [text] = (await ledger.rows()).map(receiptOfRow).map(receiptText);
    expect(refused).toMatchObject({ code: "NOT_FOUND", receipt: text });
  });

  test("writes nothing when there turned out to be nothing to do", async () => {
    const ledger = await open();
    await ledger.set("a");
    const recorded = await ledger.sequencer.submit(rotateIfDue("a", sealer));
    expect(recorded).toEqual({ value: false, receipts: [] });
    expect(ledger.faulty.written.map((write) => write?.to.seq ?? null)).toEqual([1, null]);
  });

  test("lets the rest of the program go on between batches", async () => {
    const { sequencer } = await open();
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    for (let batch = 0; batch < 50; batch++) {
      await sequencer.submit(note(batch));
    }
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(49);
  });

  test("reads the clock once for all rows of a batch", async () => {
    const ledger = await open();
    await Promise.all(submitNotes(ledger, 1, 2));
    ledger.clock.advanceMs(1);
    await Promise.all(submitNotes(ledger, 3));
    const { iso, zeqond } = ledger.clock.now();
    const rows = await ledger.rows();
    expect(rows.map(({ zeqondNumber }) => zeqondNumber)).toEqual([zeqond, zeqond, zeqond]);
    expect(rows.map(({ createdAt }) => createdAt === iso)).toEqual([false, false, true]);
  });

  test("refuses at once what is too much to wait, and carries out what waits", async () => {
    const ledger = await open({ maxWaiting: 3 });
    const gate = door();
    ledger.faulty.plan(gate.before);
    const inFlight = submitNotes(ledger, 1);
    await gate.reached;
    const waiting = submitNotes(ledger, 2, 3, 4);
    const overloaded = { code: "OVERLOADED", retryAfterMs: expect.any(Number) };
    await expect(ledger.sequencer.submit(note(5))).rejects.toMatchObject(overloaded);
    gate.open();
    await Promise.all([...inFlight, ...waiting]);
    await ledger.sequencer.submit(note(6));
    expect(await ledger.notes()).toEqual([1, 2, 3, 4, 6]);
  });

  describe("an operation that is aborted", () => {
    const gone = new Error("the caller has gone");

    test("before its batch is taken never happens", async () => {
      const ledger = await open();
      const gate = door();
      ledger.faulty.plan(gate.before);
      const abort = new AbortController();
      const first = ledger.sequencer.submit(note(1));
      await gate.reached;
      const late = ledger.sequencer.submit(note(2), abort.signal);
      const last = ledger.sequencer.submit(note(3));
      abort.abort(gone);
      gate.open();
      await expect(late).rejects.toBe(gone);
      await Promise.all([first, last]);
      expect(await ledger.notes()).toEqual([1, 3]);
    });

    test("with all others of its batch leaves no transaction behind", async () => {
      const ledger = await open();
      const aborted = [1, 2].map((number) => ledger.sequencer.submit(note(number), AbortSignal.abort(gone)));
      for (const each of await Promise.allSettled(aborted)) {
        expect(each).toMatchObject({ reason: gone });
      }
      expect(ledger.faulty.attempts()).toBe(0);
      await ledger.sequencer.submit(note(3));
      expect(await ledger.notes()).toEqual([3]);
    });

    test("once its batch is sent counts", async () => {
      const ledger = await open();
      const gate = door();
      ledger.faulty.plan(gate.before);
      const abort = new AbortController();
      const sent = ledger.sequencer.submit(note(1), abort.signal);
      await gate.reached;
      abort.abort(gone);
      gate.open();
      expect((await sent).receipts.length).toBe(1);
      expect(await ledger.notes()).toEqual([1]);
    });
  });

  describe("when it is closed", () => {
    test("carries out what waits, and takes nothing more", async () => {
      const ledger = await open({ maxBatchRows: 2 });
      const submitted = submitNotes(ledger, 1, 2, 3, 4, 5);
      let settled = 0;
      for (const each of submitted) {
        void each.then(() => settled++);
      }
      await ledger.sequencer.close();
      expect(settled).toBe(5);
      await expect(ledger.sequencer.submit(note(6))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await ledger.sequencer.close();
      expect(await ledger.notes()).toEqual([1, 2, 3, 4, 5]);
    });

    test("settles what fails as well", async () => {
      const ledger = await open();
      await ledger.store.close();
      const submitted = Promise.allSettled(submitNotes(ledger, 1, 2));
      await ledger.sequencer.close();
      for (const each of await submitted) {
        expect(each).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE" } });
      }
    });
  });
});

function fail(): never {
  throw new Error("it should not have been carried out");
}
