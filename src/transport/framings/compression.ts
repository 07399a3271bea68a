import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { MessageTooLarge } from "./unary.ts";

const inflate = promisify(gunzip);

/** The encodings that requests may use. */
export const acceptedEncodings = "gzip";

/** A class of its own, because a JSON surface responds to it differently. */
export class UnknownEncoding extends ConnectError {
  readonly #isUnknownEncoding = true;

  constructor(acceptHeader: string) {
    const message = `unknown compression, supported is ${acceptedEncodings}`;
    super(message, Code.Unimplemented, { [acceptHeader]: acceptedEncodings });
  }

  /** The inherited one accepts every ConnectError. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #isUnknownEncoding in value;
  }
}

/**
 * Whether a body is compressed; rejects unknown encodings. Responses are never compressed: the compressed length of a
 * secret next to text that an attacker chooses leaks the secret (CRIME, BREACH).
 */
export function isCompressed(encoding: string | null, acceptHeader: string): boolean {
  if (encoding === null || encoding === "" || encoding === "identity") {
    return false;
  }
  // Content codings are case-insensitive (RFC 9110 §8.4.1). A list of several codings is not supported.
  if (encoding.toLowerCase() !== acceptedEncodings) {
    throw new UnknownEncoding(acceptHeader);
  }
  return true;
}

/** Decompresses at most `maxBytes`. */
export async function decompress(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await inflate(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (cause instanceof RangeError || (cause as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new MessageTooLarge();
    }
    throw new ConnectError("the message is not well-formed gzip", Code.InvalidArgument);
  }
}
