import { Transform, type TransformCallback } from "node:stream";

const leastMaskedBytes = 6;
const mask = Buffer.from("********");

/**
 * Replaces values in a stream, also those that are cut by the border of a chunk. Of two that begin at the same place the longer
 * one is taken. What may be the beginning of a value waits for the next chunk, and no longer than the stream lasts.
 */
export class Masking extends Transform {
  readonly #values: readonly Buffer[];
  #rest: Buffer = Buffer.alloc(0);

  constructor(values: Iterable<string>) {
    super();
    this.#values = [...new Set(values)]
      .map((value) => Buffer.from(value))
      .filter(({ byteLength }) => byteLength >= leastMaskedBytes)
      .sort((a, b) => b.byteLength - a.byteLength);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const { masked, restAt } = this.#masked(bytes, false);
    this.#rest = bytes.subarray(restAt);
    done(null, masked);
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#masked(this.#rest, true).masked);
  }

  #masked(bytes: Buffer, isEnd: boolean): { readonly masked: Buffer; readonly restAt: number } {
    const parts: Buffer[] = [];
    const next = this.#values.map((value) => positionOf(bytes, value, 0));
    let cut = isEnd ? bytes.byteLength : this.#cutAt(bytes, 0);
    let at = 0;
    for (;;) {
      // The longest of those that begin first, since the values are in that order.
      const found = next.reduce((first, position, index) => (position < (next[first] ?? never) ? index : first), 0);
      const position = next[found] ?? never;
      // What the end cuts may become a longer value at the same place.
      if (position >= cut) {
        parts.push(bytes.subarray(at, cut));
        return { masked: Buffer.concat(parts), restAt: cut };
      }
      parts.push(bytes.subarray(at, position), mask);
      at = position + (this.#values[found]?.byteLength ?? 0);
      for (const [index, value] of this.#values.entries()) {
        if ((next[index] ?? never) < at) {
          next[index] = positionOf(bytes, value, at);
        }
      }
      cut = cut < at ? this.#cutAt(bytes, at) : cut;
    }
  }

  /** Where the first value begins that the end of the bytes may cut. */
  #cutAt(bytes: Buffer, from: number): number {
    let first = bytes.byteLength;
    for (const value of this.#values) {
      let at = Math.max(from, bytes.byteLength - value.byteLength + 1);
      for (
        at = positionOf(bytes, value.subarray(0, 1), at);
        at < first;
        at = positionOf(bytes, value.subarray(0, 1), at + 1)
      ) {
        if (bytes.compare(value, 0, bytes.byteLength - at, at) === 0) {
          first = at;
        }
      }
    }
    return first;
  }
}

const never = Number.POSITIVE_INFINITY;

function positionOf(bytes: Buffer, value: Buffer, from: number): number {
  const at = bytes.indexOf(value, from);
  return at < 0 ? never : at;
}
