import { staticNames, staticValues } from "./hpack-tables.ts";

/** The dynamic table has at most the default size, whatever the peer allows (RFC 9113 §6.5.2). */
const maxTableBytes = 4_096;
const entryOverhead = 32;
/** A longer value is not worth its place in the table. */
const maxIndexedBytes = 128;
/** Of an integer with 28 bits. */
const integerBytes = 5;

/** Fields whose values repeat from answer to answer. */
const repeating: ReadonlySet<string> = new Set([
  ..."accept-encoding accept-post allow cache-control content-encoding content-security-policy content-type".split(" "),
  ..."date grpc-accept-encoding grpc-encoding grpc-status referrer-policy trailer vary".split(" "),
  ..."x-content-type-options x-frame-options".split(" "),
]);
/** Fields that no one on the way may keep in a table (RFC 7541 §7.1.3). */
const secret: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "set-cookie"]);

const staticNameIndex = new Map<string, number>();
const staticIndex = new Map<string, Map<string, number>>();
for (const [at, name] of staticNames.entries()) {
  if (!staticNameIndex.has(name)) {
    staticNameIndex.set(name, at + 1);
  }
  const value = staticValues[at] as string;
  if (value !== "") {
    staticIndex.set(name, (staticIndex.get(name) ?? new Map<string, number>()).set(value, at + 1));
  }
}

/** Encodes the header blocks of one connection (RFC 7541), without Huffman codes. */
export class HpackEncoder {
  #limit = maxTableBytes;
  /** The lowest limit since the last block; announced with the next. */
  #lowest: number | undefined;
  #bytes = 0;
  /** Names and values in turn, oldest first. */
  #entries: string[] = [];
  /** Entries ever added; the newest stands at 62. */
  #added = 0;
  readonly #index = new Map<string, Map<string, number>>();

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setMaxTableBytes(bytes: number): void {
    const limit = Math.min(bytes, maxTableBytes);
    if (limit === this.#limit && this.#lowest === undefined) {
      return;
    }
    this.#lowest = Math.min(this.#lowest ?? limit, limit);
    this.#limit = limit;
    this.#evict(this.#lowest);
  }

  /** Upper bound of the bytes of a block of these fields: names in lower case and values in turn. */
  maxBlockBytes(fields: readonly string[]): number {
    let bytes = 2 * integerBytes;
    for (const text of fields) {
      bytes += text.length + integerBytes;
    }
    return bytes;
  }

  /**
   * Writes a block at `at`; returns where it ends.
   *
   * @throws Error for a text that no field may hold: a caller's bug must not become another field
   */
  write(fields: readonly string[], target: Buffer, at: number): number {
    let end = this.#announceLimit(target, at);
    for (let i = 0; i < fields.length; i += 2) {
      end = this.#field(fields[i] as string, fields[i + 1] as string, target, end);
    }
    return end;
  }

  #announceLimit(target: Buffer, at: number): number {
    const lowest = this.#lowest;
    if (lowest === undefined) {
      return at;
    }
    this.#lowest = undefined;
    const end = writeInteger(target, at, 0x20, 5, lowest);
    return lowest === this.#limit ? end : writeInteger(target, end, 0x20, 5, this.#limit);
  }

  #field(name: string, value: string, target: Buffer, at: number): number {
    const known = staticIndex.get(name)?.get(value) ?? this.#dynamicIndex(name, value);
    if (known !== undefined) {
      return writeInteger(target, at, 0x80, 7, known);
    }
    const nameIndex = staticNameIndex.get(name) ?? 0;
    let end: number;
    if (repeating.has(name) && value.length <= maxIndexedBytes) {
      end = writeInteger(target, at, 0x40, 6, nameIndex);
      this.#add(name, value);
    } else {
      end = writeInteger(target, at, secret.has(name) ? 0x10 : 0, 4, nameIndex);
    }
    end = nameIndex === 0 ? writeText(target, end, name) : end;
    return writeText(target, end, value);
  }

  #dynamicIndex(name: string, value: string): number | undefined {
    const number = this.#index.get(name)?.get(value);
    return number === undefined ? undefined : staticNames.length + this.#added - number;
  }

  #add(name: string, value: string): void {
    this.#bytes += name.length + value.length + entryOverhead;
    this.#entries.push(name, value);
    const values = this.#index.get(name) ?? new Map<string, number>();
    this.#index.set(name, values.set(value, this.#added));
    this.#added += 1;
    this.#evict(this.#limit);
  }

  #evict(limit: number): void {
    while (this.#bytes > limit) {
      const [name = "", value = ""] = this.#entries.splice(0, 2);
      this.#bytes -= name.length + value.length + entryOverhead;
      const values = this.#index.get(name);
      values?.delete(value);
      if (values?.size === 0) {
        this.#index.delete(name);
      }
    }
  }
}

function writeInteger(target: Buffer, at: number, pattern: number, prefixBits: number, value: number): number {
  const most = (1 << prefixBits) - 1;
  if (value < most) {
    target[at] = pattern | value;
    return at + 1;
  }
  target[at] = pattern | most;
  let end = at + 1;
  let rest = value - most;
  for (; rest >= 128; rest >>>= 7) {
    target[end++] = (rest & 127) | 128;
  }
  target[end] = rest;
  return end + 1;
}

function writeText(target: Buffer, at: number, text: string): number {
  let end = writeInteger(target, at, 0, 7, text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || code === 0 || code === 0x0a || code === 0x0d) {
      throw new Error("a field with a character that no field may hold");
    }
    target[end++] = code;
  }
  return end;
}
