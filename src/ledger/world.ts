import type { Moment } from "../domain/moment.ts";
import type { Secret } from "../domain/secret.ts";
import type { Change, ChangeView } from "./operation.ts";
import type { AuditRow } from "./row.ts";
import type { Denial, LedgerWrite, Loaded, ReadCounter, SecretUpdate } from "./store.ts";

/** The loaded rows with the changes of the batch so far. */
export class World implements ChangeView {
  readonly now: Moment;
  readonly #loaded: Loaded;
  readonly #changed = new Map<string, Secret | undefined>();
  /** Names that the batch itself has written, whose rows therefore match the log. */
  readonly #written = new Set<string>();
  /** By ZID: the indices in the batch, from 0, of the rows that record its denials. */
  readonly #newDenials = new Map<string, number[]>();
  /** By name: the bytes to write. */
  readonly #writtenBytes = new Map<string, number>();

  constructor(loaded: Loaded, now: Moment) {
    this.#loaded = loaded;
    this.now = now;
  }

  secret(name: string): Secret | undefined {
    return this.#changed.has(name) ? this.#changed.get(name) : this.#loaded.secrets.get(name);
  }

  isAsRecorded(name: string): boolean {
    return this.#written.has(name) || this.#loaded.asRecorded.has(name);
  }

  denials(zid: string): readonly number[] {
    const before = this.#loaded.denials.get(zid) ?? [];
    const added = this.#newDenials.get(zid);
    return added === undefined ? before : [...before, ...added.map(() => this.now.zeqond)];
  }

  /** How many more bytes these changes add to the write. A secret that changes twice is written once. */
  weigh(changes: readonly Change[]): number {
    let bytes = 0;
    for (const change of changes) {
      if (change.kind === "put") {
        bytes += secretBytes(change.secret) - (this.#writtenBytes.get(change.secret.name) ?? 0);
      }
    }
    return bytes;
  }

  /** Applies the changes of one operation, whose `rows` rows begin at `firstRow`: all, or none if one is invalid. */
  apply(changes: readonly Change[], firstRow: number, rows: number): void {
    const secrets = new Map<string, Secret | undefined>();
    const denials: { readonly zid: string; readonly row: number }[] = [];
    const current = (name: string) => (secrets.has(name) ? secrets.get(name) : this.secret(name));
    for (const change of changes) {
      switch (change.kind) {
        case "put":
          secrets.set(change.secret.name, change.secret);
          break;
        case "delete":
          secrets.set(change.name, undefined);
          break;
        case "count_read":
          secrets.set(change.name, readOnce(current(change.name), this.now));
          break;
        case "count_denial":
          if (change.draft >= rows) {
            throw new Error("a denial that no draft records");
          }
          denials.push({ zid: change.zid, row: firstRow + change.draft });
      }
    }
    for (const [name, secret] of secrets) {
      this.#changed.set(name, secret);
    }
    for (const change of changes) {
      if (change.kind === "put") {
        this.#writtenBytes.set(change.secret.name, secretBytes(change.secret));
        this.#written.add(change.secret.name);
      } else if (change.kind === "delete") {
        this.#written.add(change.name);
      }
    }
    for (const { zid, row } of denials) {
      this.#newDenials.set(zid, [...(this.#newDenials.get(zid) ?? []), row]);
    }
  }

  /** The write of the batch: its changes and the rows that record them. */
  write(rows: readonly AuditRow[], forgetDenialsUntilZeqond: number): LedgerWrite {
    const { head: from, secrets } = this.#loaded;
    const deletes: Secret[] = [];
    const inserts: Secret[] = [];
    const updates: SecretUpdate[] = [];
    const reads: ReadCounter[] = [];
    for (const [name, now] of this.#changed) {
      const was = secrets.get(name);
      const replaced = was !== undefined && was.id !== now?.id;
      if (replaced) {
        deletes.push(was);
      }
      if (now === undefined) {
        continue;
      }
      if (was === undefined || replaced) {
        inserts.push(now);
        continue;
      }
      if (now.version !== was.version) {
        updates.push({ secret: now, fromVersion: was.version });
      }
      if (now.readCount !== was.readCount) {
        reads.push(readCounterOf(now));
      }
    }
    const last = rows.at(-1);
    if (last === undefined) {
      throw new Error("a write without rows");
    }
    const to = { seq: last.seq, rowHash: last.rowHash };
    const denials = this.#denialsIn(rows);
    return { from, to, rows, deletes, inserts, updates, reads, denials, forgetDenialsUntilZeqond };
  }

  #denialsIn(rows: readonly AuditRow[]): readonly Denial[] {
    return [...this.#newDenials].flatMap(([zid, indexes]) =>
      indexes.map((index) => ({ seq: rows[index]?.seq ?? 0, zid, zeqond: this.now.zeqond })),
    );
  }
}

/** The size of a secret in the database, without its short columns. */
function secretBytes({ sealedKey, sealedValue, permissions }: Secret): number {
  let bytes = sealedKey.byteLength + sealedValue.byteLength;
  for (const zid of permissions) {
    bytes += Buffer.byteLength(zid) + jsonPerEntry;
  }
  return bytes;
}

const jsonPerEntry = '"",'.length;

function readOnce(secret: Secret | undefined, now: Moment): Secret {
  if (secret === undefined) {
    throw new Error("a read of a secret that is not there");
  }
  return { ...secret, readCount: secret.readCount + 1, lastReadZeqond: now.zeqond };
}

function readCounterOf(secret: Secret): ReadCounter {
  const { id, readCount, lastReadZeqond } = secret;
  if (lastReadZeqond === null) {
    throw new Error("a counted read without its Zeqond");
  }
  return { secretId: id, readCount, lastReadZeqond };
}
