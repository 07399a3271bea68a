import { type DescMessage, fromBinary, type Message, type Registry, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { parseJsonObject } from "../json/decoder.ts";
import { JsonFieldError } from "../json/field-error.ts";
import { flatCodecOf } from "./flat-codec.ts";
import { hasMoreFields } from "./item-count.ts";
import type { UnaryMethod } from "./methods.ts";

/** The two encodings of a message. Decoding errors never quote the input. */
export type Codec = "proto" | "json";

/** @throws ConnectError INVALID_ARGUMENT, whose message names at most the field. */
export function decodeMessage(codec: Codec, method: UnaryMethod, bytes: Uint8Array): Message {
  const { maxItems } = method;
  try {
    if (codec === "json") {
      return method.decodeJson(parseJsonObject(bytes, maxItems));
    }
    if (hasMoreFields(method.method.input, bytes, maxItems)) {
      throw new ConnectError(`the message has too many fields (>${maxItems})`, Code.InvalidArgument);
    }
    return flatCodecOf(method.method.input).decode(bytes) ?? fromBinary(method.method.input, bytes);
  } catch (error) {
    if (error instanceof ConnectError) {
      throw error;
    }
    // The library's error message may quote the input.
    const message = error instanceof JsonFieldError ? error.message : "the message is not well-formed";
    throw new ConnectError(message, Code.InvalidArgument);
  }
}

/** @throws ConnectError RESOURCE_EXHAUSTED over `maxBytes`. */
export function encodeMessage(codec: Codec, method: Encoded, message: Message, maxBytes: number): Uint8Array {
  const { output } = method.method;
  const bytes =
    codec === "json"
      ? Buffer.from(toJsonString(output, message, { registry: method.registry }))
      : (flatCodecOf(output).encode(message, 0) ?? toBinary(output, message));
  boundAnswer(bytes.byteLength, maxBytes);
  return bytes;
}

/**
 * The same with `room` bytes before the message, where that is possible without a copy; undefined elsewhere.
 *
 * @throws ConnectError RESOURCE_EXHAUSTED over `maxBytes`.
 */
export function tryEncodeWithRoom(method: Encoded, message: Message, maxBytes: number, room: number) {
  const bytes = flatCodecOf(method.method.output).encode(message, room);
  boundAnswer((bytes?.byteLength ?? room) - room, maxBytes);
  return bytes;
}

/** What of a method says how its answers are encoded. */
interface Encoded {
  readonly method: { readonly output: DescMessage };
  readonly registry: Registry;
}

/** @throws ConnectError RESOURCE_EXHAUSTED over `maxBytes`. */
export function boundAnswer(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) {
    throw new ConnectError("the answer is too large", Code.ResourceExhausted);
  }
}
