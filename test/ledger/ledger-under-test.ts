import type { Recorded } from "../../src/ledger/operation.ts";
import type { AuditRow } from "../../src/ledger/row.ts";
import { createSequencer, type Sequencer, type SequencerOptions } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import { recordList } from "../../src/secrets/metadata.ts";
import { type ReadSecret, readSecret } from "../../src/secrets/read.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { type FaultyStore, faultyStore } from "../support/faulty-store.ts";
import { admin, collect, type HandClock, handClock, plain, testSealer } from "../support/ledger.ts";
import { type Place, sqlitePlace } from "../support/places.ts";

export const sealer = testSealer();

/** An operation that leaves one row with this number. */
export function note(number: number) {
  return recordList(admin, { number });
}

/** A sequencer over a real store whose transactions can be made to fail. */
export interface LedgerUnderTest {
  readonly place: Place;
  readonly store: Store;
  readonly faulty: FaultyStore;
  readonly clock: HandClock;
  readonly sequencer: Sequencer;
  /** How many rows each transaction wrote that was carried out. */
  rowsOfBatches(): readonly number[];
  rows(): Promise<readonly AuditRow[]>;
  /** The numbers of the notes, in the order of the log. */
  notes(): Promise<readonly number[]>;
  set(name: string, value?: string, permissions?: readonly string[]): Promise<Recorded<number>>;
  read(name: string, zid?: string): Promise<Recorded<ReadSecret>>;
  close(): Promise<void>;
}

export interface LedgerOptions extends Partial<SequencerOptions> {
  /** What the store says of itself. */
  readonly inProcess?: boolean;
}

export async function openLedger({ inProcess, ...options }: LedgerOptions = {}): Promise<LedgerUnderTest> {
  const place = await sqlitePlace();
  const store = await place.open();
  const faulty = faultyStore(store, inProcess);
  const clock = handClock();
  const sequencer = createSequencer({ store: faulty, clock, ...options });
  const rows = async () => {
    const snapshot = await store.openSnapshot();
    const all = await collect(snapshot.rows());
    await snapshot.close();
    return all;
  };
  return {
    ...{ place, store, faulty, clock, sequencer, rows },
    rowsOfBatches: () => faulty.written.map((write) => write?.rows.length ?? 0),
    notes: async () => (await rows()).map(({ payloadJson }) => JSON.parse(payloadJson).number),
    set: (name, value = "v", permissions = []) =>
      sequencer.submit(setSecret({ name, value: plain(value), permissions }, admin, sealer)),
    read: (name, zid = "ZEQ-SYS") => sequencer.submit(readSecret({ name, zid, purpose: "read" }, sealer)),
    async close() {
      await sequencer.close();
      await place.close();
    },
  };
}
