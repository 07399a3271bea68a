import type { Log, LogFields } from "../../src/base/log.ts";
import type { RotationOptions } from "../../src/jobs/rotation.ts";
import type { AuditRow } from "../../src/ledger/row.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import { bindingOf } from "../../src/secrets/drafts.ts";
import type { Secret } from "../../src/secrets/secret.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { admin, collect, type HandClock, handClock, load, plain, testSealer } from "../support/ledger.ts";
import { mysqlPlace, type NewPlace, type Place, sqlitePlace } from "../support/places.ts";

export const newPlaces: readonly (readonly [string, NewPlace])[] = [
  ["SQLite", sqlitePlace],
  ["MariaDB", mysqlPlace],
];

export const sealer = testSealer();

export interface LogLine extends LogFields {
  readonly level: string;
  readonly message: string;
}

/** A log that keeps its lines. */
export function keptLog(): { readonly lines: readonly LogLine[]; readonly log: Log } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ ...fields, level, message });
  return { lines, log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } };
}

/** A vault with secrets that want to be rotated, and replicas that do it. */
export interface RotatingVault {
  readonly place: Place;
  readonly clock: HandClock;
  readonly lines: readonly LogLine[];
  /** What a replica's daemon needs: a store and a sequencer of its own. */
  replica(): Promise<RotationOptions>;
  set(
    name: string,
    fields?: { readonly expiresZeqond?: number | null; readonly permissions?: readonly string[] },
  ): Promise<void>;
  secret(name: string): Promise<Secret>;
  plaintextOf(name: string): Promise<string>;
  rows(): Promise<readonly AuditRow[]>;
  close(): Promise<void>;
}

export async function openRotatingVault(newPlace: NewPlace): Promise<RotatingVault> {
  const place = await newPlace();
  const clock = handClock();
  const { lines, log } = keptLog();
  const sequencers: Sequencer[] = [];
  const replica = async () => {
    const store = await place.open();
    const sequencer = createSequencer({ store, clock });
    sequencers.push(sequencer);
    return { store, sequencer, sealer, clock, log, intervalMs: 5 };
  };
  const store: Store = await place.open();
  const sequencer = createSequencer({ store, clock });
  sequencers.push(sequencer);
  const secret = async (name: string) => {
    const found = (await load(store, { secrets: [name] })).secrets.get(name);
    if (found === undefined) {
      throw new Error(`there is no secret ${name}`);
    }
    return found;
  };
  return {
    place,
    clock,
    lines,
    replica,
    async set(name, fields = {}) {
      await sequencer.submit(setSecret({ name, value: plain(textOf(name)), ...fields }, admin, sealer));
    },
    secret,
    async plaintextOf(name) {
      const sealed = await secret(name);
      return sealer.open(sealed, bindingOf(sealed)).text();
    },
    async rows() {
      const snapshot = await store.openSnapshot();
      return await collect(snapshot.rows()).finally(() => snapshot.close());
    },
    async close() {
      await Promise.all(sequencers.map((each) => each.close()));
      await place.close();
    },
  };
}

export function textOf(name: string): string {
  return `value of ${name}`;
}
