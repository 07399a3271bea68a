import { setImmediate } from "node:timers/promises";
import { create, type Message } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { boundAnswer, type Codec, encodeMessage } from "./codec.ts";
import type { EntriesField, UnaryMethod } from "./methods.ts";

/** Answers of fewer entries are encoded at once. */
const entriesAtOnce = 16;
/** So much of an answer is encoded in one turn of the event loop. */
const bytesPerTurn = 524_288;

/**
 * Encodes an answer of many entries, some of them in each turn of the event loop: to encode all at once would hold up
 * every other call. Undefined when there are few.
 *
 * Rejects with ConnectError RESOURCE_EXHAUSTED over `maxBytes`.
 */
export function encodeInTurns(
  codec: Codec,
  method: UnaryMethod,
  message: Message,
  maxBytes: number,
): Promise<Uint8Array> | undefined {
  const { entriesField: field } = method;
  if (field === undefined) {
    return undefined;
  }
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  const entries = fields[field.localName] as readonly Message[];
  if (entries.length < entriesAtOnce) {
    return undefined;
  }
  const rest = create(method.method.output, { ...fields, [field.localName]: [] });
  const start = encodeMessage(codec, method, rest, maxBytes);
  return join(codec === "json" ? jsonFrame(field, start) : protoFrame(field, start), maxBytes, entries, (entry) =>
    encodeMessage(codec, { method: { output: field.message }, registry: method.registry }, entry, maxBytes),
  );
}

/** What stands before, between and behind the entries. */
interface Frame {
  readonly start: Uint8Array;
  before(entry: Uint8Array, index: number): Uint8Array;
  readonly end: Uint8Array;
}

/** Fields may stand in any order, and those of a list each by itself. */
function protoFrame({ number }: EntriesField, start: Uint8Array): Frame {
  const before = ({ byteLength }: Uint8Array) =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(byteLength).finish();
  return { start, before, end: new Uint8Array(0) };
}

function jsonFrame({ jsonName }: EntriesField, rest: Uint8Array): Frame {
  const beginning = rest.subarray(0, -1);
  const name = `${beginning.byteLength > 1 ? "," : ""}${JSON.stringify(jsonName)}:[`;
  const comma = Buffer.from(",");
  const nothing = new Uint8Array(0);
  return {
    start: Buffer.concat([beginning, Buffer.from(name)]),
    before: (_entry, index) => (index === 0 ? nothing : comma),
    end: Buffer.from("]}"),
  };
}

async function join(
  { start, before, end }: Frame,
  maxBytes: number,
  entries: readonly Message[],
  encode: (entry: Message) => Uint8Array,
): Promise<Uint8Array> {
  const pieces = [start];
  let bytes = start.byteLength + end.byteLength;
  let turnEndsAt = bytesPerTurn;
  for (const [index, entry] of entries.entries()) {
    const piece = encode(entry);
    const prefix = before(piece, index);
    pieces.push(prefix, piece);
    bytes += prefix.byteLength + piece.byteLength;
    boundAnswer(bytes, maxBytes);
    if (bytes >= turnEndsAt) {
      turnEndsAt = bytes + bytesPerTurn;
      await setImmediate();
    }
  }
  return Buffer.concat([...pieces, end], bytes);
}
