import { staticNames, staticValues } from "./hpack-tables.ts";
import { decodeHuffman, HuffmanError } from "./huffman.ts";

/** A header block that cannot be decoded: the connection is lost with it (RFC 9113 §4.3). */
export class CompressionError extends Error {}

interface FieldBounds {
  /** Of names and values together. */
  readonly maxBytes: number;
  readonly maxFields: number;
}

export interface FieldList {
  /** Names and values in turn, latin1, as they came; within the bounds. */
  readonly pairs: readonly string[];
  /** Fields were left out, since they exceed the bounds. */
  readonly isOversized: boolean;
}

/** What an entry of the dynamic table counts beside its text (RFC 7541 §4.1). */
const entryOverhead = 32;
const lastIntegerShift = 21;
/** A block may begin with so many changes of the table's size (RFC 7541 §4.2). */
const maxSizeUpdates = 2;

/** Decodes the header blocks of one connection (RFC 7541). Every block MUST be decoded, in order. */
export class HpackDecoder {
  readonly #maxTableBytes: number;
  #tableLimit: number;
  /** The dynamic table, oldest first; those before `#first` are evicted. */
  #names: string[] = [];
  #values: string[] = [];
  #first = 0;
  #tableBytes = 0;
  #generation = 0;
  #at = 0;
  #to = 0;
  #data: Buffer = empty;

  /** @param maxTableBytes SETTINGS_HEADER_TABLE_SIZE of this side */
  constructor(maxTableBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#tableLimit = maxTableBytes;
  }

  /** Changes with the dynamic table. */
  get generation(): number {
    return this.#generation;
  }

  /** Decodes one whole block. @throws CompressionError */
  decode(block: Buffer, from: number, to: number, { maxBytes, maxFields }: FieldBounds): FieldList {
    this.#data = block;
    this.#at = from;
    this.#to = to;
    const pairs: string[] = [];
    let bytes = 0;
    let isOversized = false;
    this.#sizeUpdates();
    while (this.#at < to) {
      const first = block[this.#at] as number;
      let name: string;
      let value: string;
      if ((first & 0x80) !== 0) {
        const index = this.#integer(7);
        name = this.#nameAt(index);
        value = this.#valueAt(index);
      } else if ((first & 0xe0) === 0x20) {
        throw new CompressionError("a size update within a block");
      } else {
        const isIndexed = (first & 0x40) !== 0;
        const index = this.#integer(isIndexed ? 6 : 4);
        name = index === 0 ? this.#text() : this.#nameAt(index);
        value = this.#text();
        if (isIndexed) {
          this.#add(name, value);
        }
      }
      bytes += name.length + value.length;
      if (bytes <= maxBytes && pairs.length < 2 * maxFields) {
        pairs.push(name, value);
      } else {
        isOversized = true;
      }
    }
    this.#data = empty;
    return { pairs, isOversized };
  }

  #sizeUpdates(): void {
    for (let count = 0; this.#at < this.#to && ((this.#data[this.#at] as number) & 0xe0) === 0x20; count++) {
      const limit = this.#integer(5);
      if (limit > this.#maxTableBytes || count === maxSizeUpdates) {
        throw new CompressionError("a size update that is not allowed");
      }
      this.#tableLimit = limit;
      this.#evict();
    }
  }

  #nameAt(index: number): string {
    return index <= staticNames.length ? this.#staticAt(staticNames, index) : this.#dynamicAt(this.#names, index);
  }

  #valueAt(index: number): string {
    return index <= staticValues.length ? this.#staticAt(staticValues, index) : this.#dynamicAt(this.#values, index);
  }

  #staticAt(table: readonly string[], index: number): string {
    if (index === 0) {
      throw new CompressionError("index 0");
    }
    return table[index - 1] as string;
  }

  /** The newest entry stands at 62. */
  #dynamicAt(table: readonly string[], index: number): string {
    const at = table.length - (index - staticNames.length);
    if (at < this.#first) {
      throw new CompressionError("an index beyond the table");
    }
    return table[at] as string;
  }

  /** RFC 7541 §5.1, up to 28 bits. */
  #integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1;
    let value = (this.#data[this.#at++] as number) & most;
    if (value < most) {
      return value;
    }
    for (let shift = 0; ; shift += 7) {
      if (this.#at >= this.#to || shift > lastIntegerShift) {
        throw new CompressionError("an integer that is cut off, or too large");
      }
      const byte = this.#data[this.#at++] as number;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) {
        return value;
      }
    }
  }

  #text(): string {
    if (this.#at >= this.#to) {
      throw new CompressionError("a text is missing");
    }
    const isHuffman = ((this.#data[this.#at] as number) & 0x80) !== 0;
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > this.#to) {
      throw new CompressionError("a text is cut off");
    }
    this.#at = to;
    return isHuffman ? this.#huffman(from, to) : this.#data.toString("latin1", from, to);
  }

  #huffman(from: number, to: number): string {
    try {
      return decodeHuffman(this.#data, from, to);
    } catch (error) {
      throw error instanceof HuffmanError ? new CompressionError(error.message) : error;
    }
  }

  #add(name: string, value: string): void {
    this.#tableBytes += name.length + value.length + entryOverhead;
    this.#names.push(name);
    this.#values.push(value);
    this.#evict();
  }

  #evict(): void {
    this.#generation += 1;
    while (this.#tableBytes > this.#tableLimit) {
      const name = this.#names[this.#first] as string;
      const value = this.#values[this.#first] as string;
      this.#tableBytes -= name.length + value.length + entryOverhead;
      this.#names[this.#first] = "";
      this.#values[this.#first] = "";
      this.#first += 1;
    }
    // The table holds at most 128 entries of 32 bytes; twice that, and evicted ones are dropped.
    if (this.#first > this.#maxTableBytes / entryOverhead) {
      this.#names = this.#names.slice(this.#first);
      this.#values = this.#values.slice(this.#first);
      this.#first = 0;
    }
  }
}

const empty = Buffer.alloc(0);
