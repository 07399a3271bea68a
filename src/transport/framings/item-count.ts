import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/**
 * Whether an encoded message has more than `most` fields, including those of nested messages. Counts without decoding.
 */
export function hasMoreFields(schema: DescMessage, bytes: Uint8Array, most: number): boolean {
  // A field takes at least one byte.
  return bytes.byteLength > most && countFields(schema, new BinaryReader(bytes), bytes.byteLength, most) > most;
}

function countFields(schema: DescMessage | undefined, reader: BinaryReader, end: number, most: number): number {
  let count = 0;
  while (reader.pos < end && count <= most) {
    const [number, wireType] = reader.tag();
    count += 1;
    if (wireType === WireType.StartGroup || wireType === WireType.EndGroup) {
      // Fields inside a group are counted as if they were outside it.
      continue;
    }
    const inner = schema?.fields.find((field) => field.number === number)?.message;
    if (inner === undefined || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType);
    } else {
      const innerEnd = reader.uint32() + reader.pos;
      count += countFields(inner, reader, Math.min(innerEnd, end), most - count);
    }
  }
  return count;
}

const [quote, backslash, comma, openBrace, openBracket] = Buffer.from('"\\,{[');

const arraysPerValue = 25;

/** Whether a JSON text has more than `most` values, before it is parsed. It need not be well-formed. */
export function hasMoreValues(text: Uint8Array, most: number): boolean {
  if (text.byteLength <= most) {
    return false;
  }
  // Counts commas, each of which precedes a value, and objects. An array counts as a fraction, because it costs less.
  let count = 0;
  let isInside = false;
  for (let at = 0; at < text.byteLength && count <= most; at++) {
    const byte = text[at];
    if (byte === quote) {
      isInside = !isInside;
    } else if (isInside) {
      at += byte === backslash ? 1 : 0;
    } else if (byte === comma || byte === openBrace) {
      count += 1;
    } else if (byte === openBracket) {
      count += 1 / arraysPerValue;
    }
  }
  return count > most;
}
