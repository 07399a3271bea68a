import { FairQueue, type Queued } from "../../src/ledger/fair-queue.ts";
import type { SequencerOptions } from "../../src/ledger/sequencer.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { door } from "../support/faulty-store.ts";
import { type LedgerUnderTest, note, openLedger } from "./ledger-under-test.ts";

const overloaded = { code: "OVERLOADED", retryAfterMs: expect.any(Number) };

describe("principals that wait for the same vault", () => {
  let ledger: LedgerUnderTest;
  const open = async (options: Partial<SequencerOptions> = {}) => {
    ledger = await openLedger({ inProcess: false, ...options });
    const gate = door();
    ledger.faulty.plan(gate.before);
    const inFlight = ledger.sequencer.submit(note(0));
    await gate.reached;
    return { inFlight, letGo: gate.open };
  };
  afterEach(() => ledger.close());
  afterAll(cleanUpDatabases);

  const submit = (principal: string | undefined, ...numbers: readonly number[]) =>
    numbers.map((number) => ledger.sequencer.submit(note(number), undefined, principal));

  test("take turns, each with its own in their order", async () => {
    const { letGo } = await open({ maxBatchRows: 3 });
    const all = [...submit("A", 1, 2, 3, 4, 5, 6), ...submit("B", 11, 12), ...submit("C", 21)];
    letGo();
    await Promise.all(all);
    expect(await ledger.notes()).toEqual([0, 1, 11, 21, 2, 12, 3, 4, 5, 6]);
  });

  test("are all answered, whatever one of them sends", async () => {
    const { letGo } = await open({ maxWaiting: 400 });
    const greedy = submit("A", ...Array.from({ length: 6_000 }, (_, index) => index + 1_000));
    const modest = submit("B", ...Array.from({ length: 100 }, (_, index) => index + 1));
    const outcomes = Promise.all([Promise.allSettled(greedy), Promise.allSettled(modest)]);
    letGo();
    const [ofGreedy, ofModest] = await outcomes;
    expect(ofModest.map(({ status }) => status)).toEqual(Array(100).fill("fulfilled"));
    const refused = ofGreedy.flatMap((each) => (each.status === "rejected" ? each.reason : []));
    expect(refused.length).toBe(5_800);
    expect(refused[0]).toMatchObject(overloaded);
    const first = (await ledger.notes()).slice(0, 201).filter((number) => number > 0 && number <= 100);
    expect(first).toHaveLength(100);
  });

  test("find room although several others take all that they get", async () => {
    const { letGo } = await open({ maxWaiting: 1_000 });
    const greedy = Array.from({ length: 5 }, (_, index) =>
      submit(`A${index}`, ...Array.from({ length: 1_000 }, (_each, number) => number)),
    ).flat();
    const outcomes = Promise.allSettled(greedy);
    const late = submit("B", 1, 2, 3);
    letGo();
    await Promise.all(late);
    await outcomes;
  });

  test("the server's own work keeps to no share, only to what is left", async () => {
    const { letGo } = await open({ maxWaiting: 10 });
    const all = submit(undefined, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    await expect(submit(undefined, 11)[0]).rejects.toMatchObject(overloaded);
    await expect(submit("A", 12)[0]).rejects.toMatchObject(overloaded);
    letGo();
    await Promise.all(all);
  });

  test("what brings along much takes more places", async () => {
    const { letGo } = await open({ maxWaiting: 20 });
    const outcomes = Promise.allSettled(["a", "b", "c"].map((name) => ledger.set(name, "v".repeat(65_536))));
    letGo();
    expect((await outcomes).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  });

  test("whoever has gone leaves the queue at once, and a place for another", async () => {
    const { letGo, inFlight } = await open({ maxWaiting: 8 });
    const gone = new Error("the caller has gone");
    const abort = new AbortController();
    const leaving = [1, 2, 3, 4].map((number) => ledger.sequencer.submit(note(number), abort.signal, "A"));
    await expect(submit("A", 5)[0]).rejects.toMatchObject(overloaded);
    abort.abort(gone);
    for (const each of leaving) {
      await expect(each).rejects.toBe(gone);
    }
    const staying = submit("A", 6, 7, 8, 9);
    letGo();
    await Promise.all([inFlight, ...staying]);
    expect(await ledger.notes()).toEqual([0, 6, 7, 8, 9]);
  });

  test("a signal that outlives its operations keeps none of them", async () => {
    const { letGo, inFlight } = await open();
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const counted = {
      aborted: false,
      reason: undefined,
      addEventListener: (_type: "abort", listener: unknown) => void listeners.add(listener),
      removeEventListener: (_type: "abort", listener: unknown) => void listeners.delete(listener),
    };
    const noted = [1, 2].map((number) => ledger.sequencer.submit(note(number), counted));
    const others = ledger.sequencer.submit(note(3), signal);
    expect(listeners.size).toBe(2);
    letGo();
    await Promise.all([inFlight, ...noted, others]);
    expect(listeners.size).toBe(0);
  });
});

describe("the queue", () => {
  class Entry implements Queued<Entry> {
    lane: Queued<Entry>["lane"];
    before: Entry | undefined;
    after: Entry | undefined;
    readonly principal: string;
    readonly rows: number;
    readonly places: number;

    constructor(principal: string, rows = 1) {
      this.principal = principal;
      this.rows = rows;
      this.places = rows;
    }
  }
  const drain = (queue: FairQueue<Entry>) => {
    const taken: string[] = [];
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      taken.push(next.principal);
    }
    return taken;
  };

  test("measures turns in rows, and those who wait alone wait for nobody", () => {
    const queue = new FairQueue<Entry>(1_000);
    for (const entry of [new Entry("A", 3), new Entry("A", 3), ...Array.from({ length: 5 }, () => new Entry("B"))]) {
      expect(queue.add(entry)).toBe(true);
    }
    expect(drain(queue).join("")).toBe("ABBBABB");
    expect(queue.isEmpty).toBe(true);
  });

  test("has an end for whoever waits in the middle, too", () => {
    const queue = new FairQueue<Entry>(1_000);
    const entries = ["A", "B", "C", "A", "B", "A"].map((principal) => new Entry(principal));
    for (const entry of entries) {
      queue.add(entry);
    }
    expect([queue.remove(entries[3] as Entry), queue.remove(entries[2] as Entry)]).toEqual([true, true]);
    expect([queue.remove(entries[3] as Entry), queue.remove(new Entry("A"))]).toEqual([false, false]);
    expect(drain(queue).join("")).toBe("ABAB");
  });

  test("gives first what was put back", () => {
    const queue = new FairQueue<Entry>(1_000);
    const entries = ["A", "A", "B", "C"].map((principal) => new Entry(principal));
    for (const entry of entries) {
      queue.add(entry);
    }
    const taken = [queue.take(), queue.take()].map((entry) => entry as Entry);
    expect(taken.map(({ principal }) => principal)).toEqual(["A", "B"]);
    for (const entry of taken.reverse()) {
      queue.putBack(entry);
    }
    expect(queue.peek()).toBe(entries[0]);
    expect(drain(queue).sort().join("")).toBe("AABC");
  });

  test("forgets principals that have gone", () => {
    const queue = new FairQueue<Entry>(10);
    for (let index = 0; index < 5_000; index++) {
      queue.add(new Entry(`A${index}`));
      queue.take();
    }
    expect(queue.isEmpty).toBe(true);
    expect(queue.knownPrincipals).toBeLessThanOrEqual(1_025);
  });
});
