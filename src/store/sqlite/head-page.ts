import { openSync, readSync } from "node:fs";
import type { Head } from "../../ledger/index.ts";
import type { Sqlite } from "./database.ts";

/** The head of the log as the database file itself holds it, without what the write-ahead log has on top of it. */
interface HeadPage {
  /** Undefined when the file holds no such page, which is so before the first checkpoint. */
  read(): Head | undefined;
}

/**
 * Reads the one row of `audit_head` from its page, past SQLite: only so does it show that somebody has written over the
 * open file. The format: https://www.sqlite.org/fileformat2.html, 1.6 and 2.1.
 */
export function openHeadPage(path: string, database: Sqlite): HeadPage {
  // Never closed: closing any descriptor of the file drops this process's locks on it (POSIX), those of SQLite too.
  const file = openSync(path, "r");
  const pageBytes = Number(database.pragma("page_size", { simple: true }));
  // VACUUM may move the page.
  const rootPage = database.prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_head'").pluck();
  const page = Buffer.alloc(pageBytes);
  return {
    read() {
      const offset = ((rootPage.get() ?? 1) - 1) * pageBytes;
      return readSync(file, page, 0, pageBytes, offset) === pageBytes ? headIn(page) : undefined;
    },
  };
}

const leafOfTable = 0x0d;
const cellPointersAt = 8;

/** The columns of the page's first row: the id, which is the row's number and so stored as NULL, seq, row_hash. */
function headIn(page: Buffer): Head | undefined {
  if (page[0] !== leafOfTable || page.readUInt16BE(3) !== 1) {
    return undefined;
  }
  const reader = new Reader(page, page.readUInt16BE(cellPointersAt));
  reader.varint();
  reader.varint();
  const headerAt = reader.at;
  const header = reader.varint();
  const [, seqType, hashType] = [reader.varint(), reader.varint(), reader.varint()];
  reader.at = headerAt + header;
  const seq = reader.integer(seqType);
  const isText = hashType >= 13 && hashType % 2 === 1;
  return isText ? { seq, rowHash: page.toString("latin1", reader.at, reader.at + (hashType - 13) / 2) } : undefined;
}

/** Reads past the end give zeros: what is no page of ours gives no head of ours either. */
class Reader {
  readonly #page: Buffer;
  at: number;

  constructor(page: Buffer, at: number) {
    this.#page = page;
    this.at = at;
  }

  /** Big endian, seven bits a byte; ours are short. */
  varint(): number {
    let value = 0;
    for (let length = 0; length < 8; length++) {
      const byte = this.#page[this.at++] ?? 0;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) {
        break;
      }
    }
    return value;
  }

  /** By the serial type: 1 to 6 are integers of so many bytes, 8 and 9 the numbers 0 and 1. */
  integer(type: number): number {
    const bytes = [0, 1, 2, 3, 4, 6, 8][type];
    if (bytes === undefined) {
      return type === 9 ? 1 : 0;
    }
    let value = 0;
    for (let index = 0; index < bytes; index++) {
      value = value * 256 + (this.#page[this.at++] ?? 0);
    }
    return value;
  }
}
