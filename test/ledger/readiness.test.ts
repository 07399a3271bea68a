import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { watchBatches } from "../../src/ledger/batch-watch.ts";
import { watchClock } from "../../src/ledger/clock-watch.ts";
import { createReadiness, type ReadinessCheck } from "../../src/ledger/readiness.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { conflict, type FaultyStore, faultyStore, unavailable } from "../support/faulty-store.ts";
import { handClock, request } from "../support/ledger.ts";
import { type Place, sqlitePlace } from "../support/places.ts";
import { note } from "./ledger-under-test.ts";

const quiet = { info: () => undefined, warn: () => undefined };

describe("readiness, between rehearsals,", () => {
  let place: Place;
  let faulty: FaultyStore;
  let sequencer: Sequencer;
  let readiness: ReadinessCheck;
  /** Of each rehearsal: whether it was to commit. */
  let rehearsals: boolean[];

  beforeEach(async () => {
    place = await sqlitePlace();
    const store = await place.open();
    faulty = faultyStore(store);
    rehearsals = [];
    const counted = {
      ping: store.ping,
      rehearse: (commit: boolean) => {
        rehearsals.push(commit);
        return store.rehearse(commit);
      },
    };
    const batches = watchBatches(faulty);
    const clock = handClock();
    sequencer = createSequencer({ store: { inProcess: true, transact: batches.transact }, clock });
    readiness = createReadiness({ store: counted, batches, clock: watchClock(clock, quiet), log: quiet });
  });
  afterEach(async () => {
    readiness.stop();
    await sequencer.close();
    await place.close();
  });
  afterAll(cleanUpDatabases);

  const ready = { ready: true, durable: true };

  test("asks for one, however many ask", async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => readiness.ask()));
    expect(answers).toEqual(Array(100).fill(ready));
    expect(rehearsals).toEqual([false]);
  });

  test("asks again at once, and for a commit, when a batch has failed", async () => {
    await readiness.ask();
    faulty.plan(unavailable, unavailable);
    await expect(sequencer.submit(note(1))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await readiness.ask()).toEqual(ready);
    expect(rehearsals).toEqual([false, true]);
  });

  test("does not take a rival that came first for a failure", async () => {
    await readiness.ask();
    faulty.plan(conflict);
    await sequencer.submit(note(1));
    expect(await readiness.ask()).toEqual(ready);
    expect(rehearsals).not.toContain(true);
  });

  test("counts the age of a batch over all attempts at it, until it is written", async () => {
    const store = await place.open();
    const rival = faultyStore(store);
    const batches = watchBatches(rival);
    const load = request();
    rival.plan(conflict);
    await expect(batches.transact(load, () => null)).rejects.toThrow();
    await sleep(50);
    const again = batches.transact(load, () => null);
    expect(batches.underWayMs()).toBeGreaterThanOrEqual(50);
    await again;
    expect(batches.underWayMs()).toBe(0);
    const startedMs = performance.now();
    await batches.transact(load, () => {
      expect(batches.underWayMs()).toBeLessThanOrEqual(performance.now() - startedMs);
      return null;
    });
    await store.close();
  });

  test("sets no timer into the past when a rehearsal holds the process up for longer than it may take", async () => {
    // Warnings of Node do not reach the process that a test sees.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      ...["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", heldUp],
    ]);
    expect(JSON.parse(stdout)).toEqual(ready);
    expect(stderr).toBe("");
  });

  test("knows when the database does not answer at all", async () => {
    await readiness.ask();
    await place.close();
    // Closing takes files away, which is sometimes seen first.
    const detail = expect.stringMatching(/^the database (is not available|file was removed or replaced)$/);
    expect(await readiness.ask()).toEqual({ ready: false, durable: false, detail });
  });
});

const source = (file: string) => JSON.stringify(join(__dirname, "../../src/ledger", file));

const heldUp = `
  const { createReadiness } = await import(${source("readiness.ts")});
  const rehearse = async () => ({ durable: true, newest: undefined });
  const check = createReadiness({
    store: {
      rehearse() {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_100);
        return rehearse();
      },
    },
    batches: { underWayMs: () => 0, hasFailed: () => false, sinceSuccessMs: () => 0, absolve() {} },
    clock: { look() {}, trouble: () => undefined },
    log: { info() {}, warn() {} },
  });
  console.log(JSON.stringify(await check.ask()));
`;
