import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/**
 * Encodes and decodes messages of nothing but short texts, whole numbers and messages of the same kind, as nearly every
 * call carries, without the general machinery. Compiled once for each type. Undefined where anything is out of the
 * ordinary: the library does it then. The bytes are the library's.
 */
interface FlatCodec {
  /** Leaves `room` bytes before the message. */
  encode(message: Message, room: number): Buffer | undefined;
  decode(bytes: Uint8Array): Message | undefined;
}

const codecs = new WeakMap<DescMessage, FlatCodec>();

export function flatCodecOf(schema: DescMessage): FlatCodec {
  const known = codecs.get(schema) ?? compile(schema);
  codecs.set(schema, known);
  return known;
}

type Values = Readonly<Record<string, unknown>>;

/** The fields of a type, in the order of their numbers, as the library writes them. */
interface FieldWriter {
  /** Bytes that a value takes, with its tag; 0 for none, `impossible` for one that is out of the ordinary. */
  size(message: Values): number;
  write(message: Values, target: Buffer, at: number): number;
}

const impossible = -1;
/** Larger numbers have a tag of two bytes. */
const lastFieldNumber = 15;
const lengthDelimited = 2;
/** A longer text is not worth a fast path. */
const flatTextLength = 2_000_000;

/** Lengths that sizing has found and writing needs, in the same order. */
let lengths: number[] = [];
let cursor = 0;

function compile(schema: DescMessage): FlatCodec {
  const writers = writersOf(schema, []);
  const read = compileRead(schema);
  return {
    encode(message, room) {
      if (writers === undefined) {
        return undefined;
      }
      lengths = [];
      cursor = 0;
      const bytes = sizeOf(writers, message as unknown as Values);
      if (bytes === impossible) {
        return undefined;
      }
      const target = Buffer.allocUnsafe(room + bytes);
      writeAll(writers, message as unknown as Values, target, room);
      return target;
    },
    decode: (bytes) => read?.(bytes),
  };
}

function sizeOf(writers: readonly FieldWriter[], message: Values): number {
  if (message["$unknown"] !== undefined) {
    return impossible;
  }
  let bytes = 0;
  for (const writer of writers) {
    const size = writer.size(message);
    if (size === impossible) {
      return impossible;
    }
    bytes += size;
  }
  return bytes;
}

function writeAll(writers: readonly FieldWriter[], message: Values, target: Buffer, from: number): number {
  let at = from;
  for (const writer of writers) {
    at = writer.write(message, target, at);
  }
  return at;
}

/** Undefined for a type with other fields, or one that contains itself. */
function writersOf(schema: DescMessage, outer: readonly DescMessage[]): readonly FieldWriter[] | undefined {
  if (outer.includes(schema)) {
    return undefined;
  }
  const fields = schema.fields.toSorted((one, other) => one.number - other.number);
  const writers = fields.map((field) => writerOf(field, [...outer, schema]));
  return writers.every((writer) => writer !== undefined) ? writers : undefined;
}

function writerOf(field: DescField, outer: readonly DescMessage[]): FieldWriter | undefined {
  const { number, presence, oneof, fieldKind } = field;
  if (number > lastFieldNumber || oneof !== undefined) {
    return undefined;
  }
  const isImplicit = presence === FeatureSet_FieldPresence.IMPLICIT;
  if (fieldKind === "message" && !field.delimitedEncoding) {
    const inner = writersOf(field.message, outer);
    return inner && messageWriter(field, inner);
  }
  if (fieldKind !== "scalar") {
    return undefined;
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return textWriter(field, isImplicit);
    case ScalarType.UINT32:
    case ScalarType.UINT64:
      return numberWriter(field, isImplicit);
    default:
      return undefined;
  }
}

function textWriter({ localName, number }: DescField, isImplicit: boolean): FieldWriter {
  const tag = (number << 3) | lengthDelimited;
  const isAbsent = (value: unknown) => value === undefined || (isImplicit && value === "");
  return {
    size(message) {
      const value = message[localName];
      if (isAbsent(value)) {
        return 0;
      }
      if (typeof value !== "string" || value.length > flatTextLength || !value.isWellFormed()) {
        return impossible;
      }
      const length = Buffer.byteLength(value);
      lengths.push(length);
      return 1 + varintBytes(length) + length;
    },
    write(message, target, from) {
      const value = message[localName];
      if (isAbsent(value)) {
        return from;
      }
      target[from] = tag;
      const at = writeVarint(target, from + 1, lengths[cursor++] as number);
      return at + target.write(value as string, at, "utf8");
    },
  };
}

function numberWriter({ localName, number }: DescField, isImplicit: boolean): FieldWriter {
  const tag = number << 3;
  const plain = (value: unknown) => (typeof value === "bigint" ? Number(value) : value);
  const isAbsent = (value: unknown) => value === undefined || (isImplicit && value === 0);
  return {
    size(message) {
      const value = plain(message[localName]);
      if (isAbsent(value)) {
        return 0;
      }
      return Number.isSafeInteger(value) && (value as number) >= 0 ? 1 + varintBytes(value as number) : impossible;
    },
    write(message, target, from) {
      const value = plain(message[localName]);
      if (isAbsent(value)) {
        return from;
      }
      target[from] = tag;
      return writeVarint(target, from + 1, value as number);
    },
  };
}

function messageWriter({ localName, number }: DescField, inner: readonly FieldWriter[]): FieldWriter {
  const tag = (number << 3) | lengthDelimited;
  return {
    size(message) {
      const value = message[localName];
      if (value === undefined) {
        return 0;
      }
      const place = lengths.push(0) - 1;
      const length = sizeOf(inner, value as Values);
      lengths[place] = length;
      return length === impossible ? impossible : 1 + varintBytes(length) + length;
    },
    write(message, target, from) {
      const value = message[localName];
      if (value === undefined) {
        return from;
      }
      target[from] = tag;
      return writeAll(inner, value as Values, target, writeVarint(target, from + 1, lengths[cursor++] as number));
    },
  };
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes += 1;
  }
  return bytes;
}

function writeVarint(target: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    target[at++] = (rest % 128) | 128;
  }
  target[at++] = rest;
  return at;
}

/** Types of nothing but texts: short ones in ASCII are read here. */
function compileRead(schema: DescMessage): FlatCodec["decode"] | undefined {
  const names: (string | undefined)[] = [];
  for (const field of schema.fields) {
    const isText = field.fieldKind === "scalar" && field.scalar === ScalarType.STRING && field.oneof === undefined;
    if (!isText || field.number > lastFieldNumber) {
      return undefined;
    }
    names[(field.number << 3) | lengthDelimited] = field.localName;
  }
  return (bytes) => {
    const message = create(schema);
    const values = message as unknown as Record<string, unknown>;
    for (let at = 0; at < bytes.length; ) {
      const name = names[bytes[at] as number];
      const from = at + 2;
      const to = from + (bytes[at + 1] ?? 128);
      if (name === undefined || to - from > 127 || to > bytes.length) {
        return undefined;
      }
      const text = tryAscii(bytes, from, to);
      if (text === undefined) {
        return undefined;
      }
      values[name] = text;
      at = to;
    }
    return message;
  };
}

function tryAscii(bytes: Uint8Array, from: number, to: number): string | undefined {
  let all = 0;
  for (let at = from; at < to; at++) {
    all |= bytes[at] as number;
  }
  return all > 127
    ? undefined
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", from, to);
}
