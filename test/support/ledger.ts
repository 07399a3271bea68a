import { createSecretKey, randomUUID } from "node:crypto";
import type { Clock } from "../../src/base/clock.ts";
import type { Moment } from "../../src/base/moment.ts";
import { momentOf } from "../../src/base/moment.ts";
import { Plaintext } from "../../src/base/plaintext.ts";
import type { Principal } from "../../src/base/principal.ts";
import { zeqondMs } from "../../src/base/zeqond.ts";
import { needsOf } from "../../src/ledger/needs.ts";
import { type AnyRecord, type StoredValue, shapeOf } from "../../src/ledger/record.ts";
import { type AuditRow, type Head, originIdOf, rowHashOf, zeroHash } from "../../src/ledger/row.ts";
import type { LedgerWrite, Loaded, LoadRequest, Snapshot, Store } from "../../src/ledger/store.ts";
import type { AnyTable } from "../../src/ledger/table.ts";
import { createSealer, type Sealer } from "../../src/sealing/envelope.ts";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { isDueAt } from "../../src/secrets/rotate.ts";
import { metadataOf, type Secret } from "../../src/secrets/secret.ts";
import { type Denial, denials, secrets } from "../../src/secrets/tables.ts";

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
  return createSealer(createKeyring({ id, key: createSecretKey(Buffer.alloc(32, keyByte)) }));
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

/** Changes of secrets and denials, and rows: what most tests write. */
export interface WriteParts {
  readonly from?: Head;
  readonly rows?: readonly AuditRow[];
  readonly deletes?: readonly Secret[];
  readonly inserts?: readonly Secret[];
  readonly updates?: readonly { readonly secret: Secret; readonly fromVersion: number }[];
  readonly reads?: readonly Pick<Secret, "name" | "readCount" | "lastReadZeqond">[];
  readonly denials?: readonly Denial[];
  readonly nowZeqond?: number;
}

/** A write behind `from`: a row for each secret that is touched, one at least, and the rest of the batch as given. */
export function writeAfter(from: Head, parts: WriteParts = {}): LedgerWrite {
  const touched = [...(parts.deletes ?? []), ...(parts.inserts ?? []), ...(parts.reads ?? [])].map(({ name }) => name);
  const ofNames = [...new Set(touched)].map((name) => ({ originId: originIdOf(name) }));
  const rows = parts.rows ?? rowsAfter(from, ofNames.length === 0 ? [{}] : ofNames);
  const { seq, rowHash } = rows.at(-1) ?? from;
  const none = { deletes: [], inserts: [], updates: [], counts: [], appends: [] };
  const ofSecrets = {
    ...none,
    table: secrets,
    deletes: (parts.deletes ?? []).map(anyRecord),
    inserts: (parts.inserts ?? []).map((secret) => ({ record: anyRecord(secret) })),
    updates: (parts.updates ?? []).map(({ secret, fromVersion }) => ({ record: anyRecord(secret), fromVersion })),
    counts: (parts.reads ?? []).map(anyRecord),
  };
  const ofDenials = { ...none, table: denials, appends: (parts.denials ?? []).map(anyRecord) };
  const tables = [ofSecrets, ofDenials];
  return { from: parts.from ?? from, to: { seq, rowHash }, rows, tables, nowZeqond: parts.nowZeqond ?? 0 };
}

function anyRecord(record: object): AnyRecord {
  return record as AnyRecord;
}

/** What a write does to secrets and denials, in the form of `WriteParts`. */
export function partsOf(write: LedgerWrite) {
  const of = (table: AnyTable) => write.tables.find((each) => each.table === table);
  const secretsOf = (records: readonly AnyRecord[] | undefined) => (records ?? []) as unknown as readonly Secret[];
  const ofSecrets = of(secrets);
  return {
    deletes: secretsOf(ofSecrets?.deletes),
    inserts: secretsOf(ofSecrets?.inserts.map(({ record }) => record)),
    updates: (ofSecrets?.updates ?? []).map(({ record, fromVersion }) => {
      return { secret: record as unknown as Secret, fromVersion };
    }),
    reads: secretsOf(ofSecrets?.counts),
    denials: (of(denials)?.appends ?? []) as unknown as readonly Denial[],
  };
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

/** What most tests load. */
export interface LoadParts {
  readonly secrets?: readonly string[];
  /** Those of `secrets` that are to be compared with the log. */
  readonly changes?: readonly string[];
  /** ZIDs. */
  readonly denials?: readonly string[];
  readonly nowZeqond?: number;
  readonly rowHashesAt?: readonly number[];
}

export function request({ nowZeqond = 0, rowHashesAt = [], ...parts }: LoadParts = {}): LoadRequest {
  const names = [...(parts.secrets ?? []), ...(parts.changes ?? [])];
  const operation = {
    needs: [
      ...names.map((name) => ({ table: secrets, key: [name], changes: parts.changes?.includes(name) ?? false })),
      ...(parts.denials ?? []).map((zid) => ({ table: denials, lookup: "zid", by: [zid] })),
    ],
  };
  return { needs: needsOf([operation]), nowZeqond, rowHashesAt };
}

export interface LoadedParts {
  readonly head: Head;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** By ZID: the Zeqonds of its denials. */
  readonly denials: ReadonlyMap<string, readonly number[]>;
  readonly asRecorded: ReadonlySet<string>;
  readonly rowHashes: ReadonlyMap<number, string>;
}

export function loadedParts({ head, tables, rowHashes }: Loaded): LoadedParts {
  const found = tables.get(denials)?.lookups.get("zid") ?? new Map<string, readonly AnyRecord[]>();
  return {
    head,
    secrets: (tables.get(secrets)?.records ?? new Map()) as ReadonlyMap<string, Secret>,
    denials: new Map([...found].map(([zid, records]) => [zid, records.map(({ zeqond }) => Number(zeqond))])),
    asRecorded: tables.get(secrets)?.asRecorded ?? new Set(),
    rowHashes,
  };
}

/** What a transaction loads; it writes nothing. */
export async function load(store: Store, fields: LoadParts = {}): Promise<LoadedParts> {
  let seen: Loaded | undefined;
  await store.transact(request(fields), (loaded) => {
    seen = loaded;
    return null;
  });
  if (seen === undefined) {
    throw new Error("the store did not let it decide");
  }
  return loadedParts(seen);
}

/** Writes one batch behind whatever the head is, and answers what was written. */
export async function write(store: Store, parts: (head: Head) => WriteParts): Promise<LedgerWrite> {
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

const afterName = (name: string | null) => ({ after: name === null ? null : [name] });

export async function listSecrets(store: Pick<Store, "page">, after: string | null, limit: number, atLeast: Head) {
  return (await store.page(secrets, afterName(after), limit, atLeast)).map(metadataOf);
}

export async function dueSecrets(store: Pick<Store, "page">, zeqond: number, after: string | null, limit: number) {
  return (await store.page(secrets, { ...afterName(after), where: [isDueAt(zeqond)] }, limit)).map(({ name }) => name);
}

/** Rows of one secret, with the payloads that lists leave out. */
export async function auditRows(
  store: Pick<Store, "auditRows" | "rowsAfter">,
  originId: string,
  limit: number,
  atLeast: Head,
  beforeSeq?: number,
) {
  const about = { originId, typePrefix: "secret_" };
  const listed = await store.auditRows(beforeSeq === undefined ? about : { ...about, beforeSeq }, limit, atLeast);
  return await Promise.all(
    listed.map(async (row) => {
      const [{ payloadJson } = { payloadJson: "" }] = await store.rowsAfter(row.seq - 1, 1);
      return { ...row, payloadJson };
    }),
  );
}

/** A secret's row as it is stored. */
export type SecretRow = Omit<Secret, "permissions" | "readCount" | "lastReadZeqond"> & {
  readonly permissionsJson: string;
};

/** `sealed_digest` of a secret's row. */
export function secretRowDigest({ permissionsJson, ...row }: SecretRow): string {
  const fields: Readonly<Record<string, unknown>> = { ...row, permissions: permissionsJson };
  return shapeOf(secrets).digest(secrets.columns.map(({ field }) => fields[field] as StoredValue));
}

export async function secretRows(snapshot: Pick<Snapshot, "records">): Promise<readonly SecretRow[]> {
  return (await collect(snapshot.records(secrets))).map(({ row }) => {
    const fields = secrets.columns.map(({ field }, at) => [
      field === "permissions" ? "permissionsJson" : field,
      row[at],
    ]);
    return Object.fromEntries(fields) as SecretRow;
  });
}

export async function denialRows(snapshot: Pick<Snapshot, "records">): Promise<readonly Denial[]> {
  return (await collect(snapshot.records(denials))).map(({ row }) => shapeOf(denials).load(row) as unknown as Denial);
}

/** All pages of a snapshot's list, one after the other. */
export async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const page of pages) {
    all.push(...page);
  }
  return all;
}
