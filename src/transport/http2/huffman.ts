import { endOfString, huffmanCodes } from "./hpack-tables.ts";

/** A text that is no Huffman code (RFC 7541 §5.2). */
export class HuffmanError extends Error {}

/**
 * A tree that is walked by whole bytes, flat: 256 branches a node. A branch is the next node as a negative number, or a
 * symbol with the number of bits that it uses of the byte, `bits << 9 | symbol`.
 */
const branches = buildTree();

function buildTree(): Int32Array {
  const nodes: number[][] = [Array<number>(256).fill(0)];
  for (const { symbol, bits, code } of huffmanCodes()) {
    let node = 0;
    let left = bits;
    for (; left > 8; left -= 8) {
      const index = (code >>> (left - 8)) & 0xff;
      if (nodes[node]?.[index] === 0) {
        (nodes[node] as number[])[index] = -nodes.length;
        nodes.push(Array<number>(256).fill(0));
      }
      node = -(nodes[node]?.[index] as number);
    }
    const first = (code << (8 - left)) & 0xff;
    nodes[node]?.fill((left << 9) | symbol, first, first + (1 << (8 - left)));
  }
  return Int32Array.from(nodes.flat());
}

/** The shortest code has 5 bits. */
const mostBytesPerByte = 8 / 5;
let scratch = Buffer.allocUnsafe(8_192);

/** Decodes to latin1. The text is at most 8/5 as long. @throws HuffmanError */
export function decodeHuffman(data: Buffer, from: number, to: number): string {
  const mostBytes = Math.ceil((to - from) * mostBytesPerByte);
  if (scratch.length < mostBytes) {
    scratch = Buffer.allocUnsafe(mostBytes);
  }
  let written = 0;
  let node = 0;
  /** The bits that were read and not used, of them the lowest `count`; those since the last symbol are `pending`. */
  let bits = 0;
  let count = 0;
  let pending = 0;
  for (let at = from; at < to; at++) {
    bits = (bits << 8) | (data[at] as number);
    count += 8;
    pending += 8;
    while (count >= 8) {
      const branch = branches[(node << 8) | ((bits >>> (count - 8)) & 0xff)] as number;
      if (branch < 0) {
        node = -branch;
        count -= 8;
      } else {
        if ((branch & 0x1ff) === endOfString) {
          throw new HuffmanError("EOS in a text");
        }
        scratch[written++] = branch;
        count -= branch >>> 9;
        pending = count;
        node = 0;
      }
    }
    bits &= 0xffff;
  }
  // A short code may be left.
  while (count > 0) {
    const branch = branches[(node << 8) | ((bits << (8 - count)) & 0xff)] as number;
    if (branch < 0 || branch >>> 9 > count || (branch & 0x1ff) === endOfString) {
      break;
    }
    scratch[written++] = branch;
    count -= branch >>> 9;
    pending = count;
    node = 0;
  }
  const ones = (1 << count) - 1;
  if (pending > 7 || (bits & ones) !== ones) {
    throw new HuffmanError("padding that is no beginning of EOS");
  }
  return scratch.toString("latin1", 0, written);
}
