import {
  create,
  type DescField,
  type DescMessage,
  getOption,
  type JsonObject,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { FieldOptions_JSType } from "@bufbuild/protobuf/wkt";
import type { FieldFlag } from "../options.ts";

/**
 * Converts a message to a JSON object for a JSON surface. Fields without presence are always written. An absent field
 * is omitted, or null where its option says so. 64-bit integers are decimal strings, or numbers where `jstype` says so.
 */
export type JsonEncoder = (message: Message) => JsonObject;

interface JsonEncoderOptions {
  /** A bool field option: an absent field is written as null. */
  readonly emitNull?: FieldFlag | undefined;
  /** A bool field option: the field is left out. */
  readonly leaveOut?: FieldFlag | undefined;
  readonly registry?: Registry;
}

/** Compiles the encoder of one message type. */
export function createJsonEncoder(desc: DescMessage, options: JsonEncoderOptions = {}): JsonEncoder {
  return messageEncoder(desc, { options, known: new Map() });
}

interface Compiling {
  readonly options: JsonEncoderOptions;
  readonly known: Map<DescMessage, JsonEncoder>;
}

type Write = (value: unknown) => JsonValue;
type Values = Readonly<Record<string, unknown>>;

function messageEncoder(desc: DescMessage, compiling: Compiling): JsonEncoder {
  const known = compiling.known.get(desc);
  if (known !== undefined) {
    return known;
  }
  const writers: ((values: Values, json: JsonObject) => void)[] = [];
  const encode: JsonEncoder = (message) => {
    const json: JsonObject = {};
    for (const write of writers) {
      write(message as unknown as Values, json);
    }
    return json;
  };
  compiling.known.set(desc, encode);
  const fields = desc.fields.filter((field) => !hasFlag(field, compiling.options.leaveOut));
  writers.push(...fields.map((field) => fieldWriter(field, compiling)));
  return encode;
}

function fieldWriter(field: DescField, compiling: Compiling) {
  const { jsonName, localName, oneof } = field;
  const write = valueWriter(field, compiling);
  const isNullWritten = hasFlag(field, compiling.options.emitNull);
  return (values: Values, json: JsonObject) => {
    const value = oneof === undefined ? values[localName] : caseOf(values[oneof.localName], localName);
    if (value !== undefined) {
      json[jsonName] = write(value);
    } else if (isNullWritten) {
      json[jsonName] = null;
    }
  };
}

function caseOf(oneof: unknown, localName: string): unknown {
  const { case: name, value } = oneof as { case?: string; value?: unknown };
  return name === localName ? value : undefined;
}

function hasFlag(field: DescField, flag: FieldFlag | undefined): boolean {
  return flag !== undefined && getOption(field, flag);
}

function valueWriter(field: DescField, compiling: Compiling): Write {
  const one = singleWriter(field, compiling);
  if (one === undefined || field.fieldKind === "map") {
    return libraryWriter(field, compiling.options.registry);
  }
  return field.fieldKind === "list" ? (values) => (values as readonly unknown[]).map(one) : one;
}

/** The writer for a single value of a field; undefined for types that the library encodes. */
function singleWriter(field: DescField, compiling: Compiling): Write | undefined {
  if (field.message?.typeName === "google.protobuf.Struct") {
    // In a message it is the JSON object itself.
    return (value) => value as JsonObject;
  }
  if (field.message !== undefined && !field.message.typeName.startsWith("google.protobuf.")) {
    return messageEncoder(field.message, compiling) as Write;
  }
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BOOL:
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (value) => value as JsonValue;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return field.proto.options?.jstype === FieldOptions_JSType.JS_NUMBER ? Number : String;
    default:
      return undefined;
  }
}

/** Encodes maps, floats, bytes, enums and well-known types with the library, as proto3 JSON. */
function libraryWriter(field: DescField, registry: Registry | undefined): Write {
  const options = registry === undefined ? { alwaysEmitImplicit: true } : { alwaysEmitImplicit: true, registry };
  return (value) => {
    const one = { case: field.localName, value };
    const init = field.oneof === undefined ? { [field.localName]: value } : { [field.oneof.localName]: one };
    const json = toJson(field.parent, create(field.parent, init), options) as JsonObject;
    return json[field.jsonName] ?? null;
  };
}
