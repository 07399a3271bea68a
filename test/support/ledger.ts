import { createSecretKey, randomUUID } from "node:crypto";
import type { Clock } from "../../src/domain/clock.ts";
import type { Moment } from "../../src/domain/moment.ts";
import { momentOf } from "../../src/domain/moment.ts";
import { Plaintext } from "../../src/domain/plaintext.ts";
import type { Principal } from "../../src/domain/principal.ts";
import type { Secret } from "../../src/domain/secret.ts";
import { zeqondMs } from "../../src/domain/zeqond.ts";
import { type AuditRow, type Head, originIdOf, rowHashOf, zeroHash } from "../../src/ledger/row.ts";
import type { LedgerWrite, Loaded, LoadRequest, Store } from "../../src/ledger/store.ts";
import { createSealer, type Sealer } from "../../src/sealing/envelope.ts";

/** 2026-05-17T13:11:14.277Z, the very beginning of it. */
export const startZeqond = 2_289_605_501;

/** A clock that moves only when it is told to. */
export interface HandClock extends Clock {
  now(): Moment;
  advanceMs(ms: number): void;
  advanceZeqonds(zeqonds: number): void;
}

export function handClock(zeqond = startZeqond): HandClock {
  let unixMs = zeqond * zeqondMs;
  const clock: Clock = { nowMs: () => unixMs };
  return {
    ...clock,
    now: () => momentOf(clock),
    advanceMs(ms) {
      unixMs += ms;
    },
    advanceZeqonds(zeqonds) {
      unixMs += zeqonds * zeqondMs;
    },
  };
}

export const admin: Principal = { zid: "ZEQ-ADMIN", role: "admin" };

/** Real sealing under a key that needs no derivation; another byte is another key. */
export function testSealer(keyByte = 7): Sealer {
  const id = keyByte.toString(16).padStart(16, "0");
  return createSealer({ id, key: createSecretKey(Buffer.alloc(32, keyByte)) });
}

export function plain(text: string): Plaintext {
  return Plaintext.fromString(text);
}

export const emptyHead: Head = { seq: 0, rowHash: zeroHash };

/** A row that follows `head`, its hash right whatever is overridden. */
export function rowAfter(head: Head, fields: Partial<AuditRow> = {}): AuditRow {
  const row = {
    seq: head.seq + 1,
    id: randomUUID(),
    originId: originIdOf("a"),
    zeqondNumber: startZeqond,
    actorZid: admin.zid,
    transitionType: "secret_read",
    transitionId: randomUUID(),
    payloadJson: "{}",
    proofPurpose: "read",
    proofDigest: "ab".repeat(32),
    prevHash: head.rowHash,
    createdAt: "2026-05-17T13:11:14.277Z",
    ...fields,
  };
  return { ...row, rowHash: fields.rowHash ?? rowHashOf(row) };
}

/** Rows one after the other, one for each of `fields`. */
export function rowsAfter(head: Head, fields: readonly Partial<AuditRow>[]): readonly AuditRow[] {
  const rows: AuditRow[] = [];
  for (const each of fields) {
    rows.push(rowAfter(rows.at(-1) ?? head, each));
  }
  return rows;
}

/** A write behind `from`: one row, unless told otherwise, and the rest of the batch as given. */
export function writeAfter(from: Head, parts: Partial<LedgerWrite> = {}): LedgerWrite {
  const rows = parts.rows ?? [rowAfter(from)];
  const { seq, rowHash } = rows.at(-1) ?? from;
  const nothing = { deletes: [], inserts: [], updates: [], reads: [], denials: [], forgetDenialsUntilZeqond: 0 };
  return { from, to: { seq, rowHash }, rows, ...nothing, ...parts };
}

/** A secret as a set would leave it; its sealed bytes are noise. */
export function secretNamed(name: string, fields: Partial<Secret> = {}): Secret {
  return {
    id: randomUUID(),
    name,
    purposeTag: null,
    boundZid: "ZEQ-SYS",
    permissions: [],
    expiresZeqond: startZeqond + 86_400,
    version: 1,
    sealedKey: Buffer.from("a sealed data key"),
    sealedValue: Buffer.from("a sealed value"),
    createdAt: "2026-05-17T13:11:14.277Z",
    updatedAt: "2026-05-17T13:11:14.277Z",
    readCount: 0,
    lastReadZeqond: null,
    ...fields,
  };
}

export function request(fields: Partial<LoadRequest> = {}): LoadRequest {
  const denialsUntilZeqond = Number.MAX_SAFE_INTEGER;
  return {
    secrets: [],
    denials: [],
    denialsAfterZeqond: 0,
    denialsUntilZeqond,
    changes: [],
    rowHashesAt: [],
    ...fields,
  };
}

/** What a transaction loads; it writes nothing. */
export async function load(store: Store, fields: Partial<LoadRequest> = {}): Promise<Loaded> {
  let seen: Loaded | undefined;
  await store.transact(request(fields), (loaded) => {
    seen = loaded;
    return null;
  });
  if (seen === undefined) {
    throw new Error("the store did not let it decide");
  }
  return seen;
}

/** Writes one batch behind whatever the head is, and answers what was written. */
export async function write(store: Store, parts: (head: Head) => Partial<LedgerWrite>): Promise<LedgerWrite> {
  let written: LedgerWrite | undefined;
  await store.transact(request(), ({ head }) => {
    written = writeAfter(head, parts(head));
    return written;
  });
  if (written === undefined) {
    throw new Error("the store did not let it decide");
  }
  return written;
}

/** All pages of a snapshot's list, one after the other. */
export async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const page of pages) {
    all.push(...page);
  }
  return all;
}
