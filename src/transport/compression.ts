import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { MessageTooLarge } from "./unary.ts";

const inflate = promisify(gunzip);

/** The encodings that requests may use. */
export const acceptedEncodings = "gzip";

/** Its own class, since a JSON surface has its own answer to it. */
export class UnknownEncoding extends ConnectError {
  readonly #isUnknownEncoding = true;

  constructor(acceptHeader: string) {
    const message = `unknown compression, supported is ${acceptedEncodings}`;
    super(message, Code.Unimplemented, { [acceptHeader]: acceptedEncodings });
  }

  /** That of `ConnectError` takes every ConnectError for one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #isUnknownEncoding in value;
  }
}

/**
 * Refuses an encoding that we do not know. Answers are never compressed: the length of a compressed secret beside text
 * of the caller's choice tells about the secret (CRIME, BREACH).
 */
export function isCompressed(encoding: string | null, acceptHeader: string): boolean {
  if (encoding === null || encoding === "" || encoding === "identity") {
    return false;
  }
  // Names of codings have no case (RFC 9110 §8.4.1). Several, one over the other, are none that we know.
  if (encoding.toLowerCase() !== acceptedEncodings) {
    throw new UnknownEncoding(acceptHeader);
  }
  return true;
}

/** Inflates no more than `maxBytes`. */
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
