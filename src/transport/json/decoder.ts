import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { hasMoreValues } from "../framings/item-count.ts";
import type { MessageSizes } from "../options.ts";
import { JsonFieldError } from "./field-error.ts";
import { integerReader } from "./integer.ts";

/** Converts a JSON object to a message. Unknown fields are ignored; null counts as absent. */
export type JsonDecoder = (json: JsonObject) => Message;

interface JsonDecoderOptions {
  /** Accepts the field names of the schema (`bound_zid`) as well as the JSON names (`boundZid`). */
  readonly protoNames?: boolean;
  /** The types that may be inside `google.protobuf.Any`. */
  readonly registry?: Registry;
  readonly sizes?: MessageSizes | undefined;
}

/** Parses a JSON body of at most `maxItems` values. The last value of a repeated key wins. */
export function parseJsonObject(body: Uint8Array, maxItems: number): JsonObject {
  if (hasMoreValues(body, maxItems)) {
    throw new ConnectError(`body has too many values (>${maxItems})`, Code.InvalidArgument);
  }
  let json: unknown;
  try {
    json = JSON.parse(strictUtf8.decode(body));
  } catch {
    json = undefined;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ConnectError("body must be a JSON object", Code.InvalidArgument);
  }
  return json as JsonObject;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Compiles the decoder of one message type. Fields are read in the order of the schema, so that the error is that of
 * the first invalid field.
 */
export function createJsonDecoder(desc: DescMessage, options: JsonDecoderOptions = {}): JsonDecoder {
  return messageDecoder(desc, { options, known: new Map() });
}

interface Compiling {
  readonly options: JsonDecoderOptions;
  readonly known: Map<DescMessage, JsonDecoder>;
}

type Read = (value: JsonValue) => unknown;

function messageDecoder(desc: DescMessage, compiling: Compiling): JsonDecoder {
  const known = compiling.known.get(desc);
  if (known !== undefined) {
    return known;
  }
  const setters: ((message: Record<string, unknown>, json: JsonObject) => void)[] = [];
  const decode: JsonDecoder = (json) => {
    const message = create(desc);
    try {
      for (const set of setters) {
        set(message as unknown as Record<string, unknown>, json);
      }
    } catch (error) {
      if (error instanceof JsonFieldError) {
        error.partial = message;
      }
      throw error;
    }
    return message;
  };
  compiling.known.set(desc, decode);
  setters.push(...desc.fields.map((field) => fieldSetter(field, compiling)));
  return decode;
}

function fieldSetter(field: DescField, compiling: Compiling) {
  const read = fieldReader(field, compiling);
  const { localName, oneof } = field;
  const names = compiling.options.protoNames === true ? [field.jsonName, field.name] : [field.jsonName];
  return (message: Record<string, unknown>, json: JsonObject) => {
    const name = names.find((candidate) => Object.hasOwn(json, candidate));
    const value = name === undefined ? undefined : json[name];
    if (value === undefined || (value === null && !takesNull(field))) {
      return;
    }
    if (oneof === undefined) {
      message[localName] = read(value);
    } else {
      message[oneof.localName] = { case: localName, value: read(value) };
    }
  };
}

function takesNull(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Value" || field.enum?.typeName === "google.protobuf.NullValue";
}

function fieldReader(field: DescField, compiling: Compiling): Read {
  const one = singleReader(field, compiling);
  if (one === undefined || field.fieldKind === "map") {
    return libraryReader(field, compiling.options.registry);
  }
  if (field.fieldKind !== "list") {
    return one;
  }
  const size = compiling.options.sizes?.listSize(field);
  return (value) => {
    if (!Array.isArray(value)) {
      throw new JsonFieldError(field, "must be an array");
    }
    if (size !== undefined && value.length > size.most) {
      throw new JsonFieldError(field, size);
    }
    return value.map(one);
  };
}

/** The reader for a single value of a field; undefined for types that the library decodes. */
function singleReader(field: DescField, compiling: Compiling): Read | undefined {
  if (field.message !== undefined && !field.message.typeName.startsWith("google.protobuf.")) {
    const decode = messageDecoder(field.message, compiling);
    return (value) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new JsonFieldError(field, "must be an object");
      }
      return decode(value);
    };
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return stringReader(field);
    case ScalarType.BOOL:
      return (value) => {
        if (typeof value !== "boolean") {
          throw new JsonFieldError(field, "must be true or false");
        }
        return value;
      };
    default:
      return integerReader(field);
  }
}

function stringReader(field: DescField): Read {
  return (value) => {
    if (typeof value !== "string") {
      throw new JsonFieldError(field, "must be a string");
    }
    if (!value.isWellFormed()) {
      throw new JsonFieldError(field, "must be valid Unicode text");
    }
    return value;
  };
}

/** Decodes maps, floats, bytes, enums and well-known types with the library, whose errors quote the input. */
function libraryReader(field: DescField, registry: Registry | undefined): Read {
  const options = registry === undefined ? {} : { registry };
  return (value) => {
    try {
      const holder = fromJson(field.parent, { [field.jsonName]: value }, options) as unknown as Record<string, unknown>;
      return field.oneof === undefined
        ? holder[field.localName]
        : (holder[field.oneof.localName] as { value?: unknown }).value;
    } catch {
      throw new JsonFieldError(field, "is not well-formed");
    }
  };
}
