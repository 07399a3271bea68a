import type { FieldList } from "./hpack-decoder.ts";

/** The header section of a request. Requests with the same block share one. */
export interface RequestHead {
  readonly method: string;
  readonly scheme: string;
  /** `:authority`, else `host`. */
  readonly authority: string;
  /** Whether `:authority` and `host` name the same. */
  readonly isAuthorityClear: boolean;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly contentLength: number | undefined;
  readonly expectsContinue: boolean;
  /** Names and values in turn, without pseudo-headers. */
  readonly pairs: readonly string[];
  /** Some fields were over the limits, and left out. */
  readonly isOversized: boolean;
  /** Of all names and values. */
  readonly bytes: number;
}

/** Undefined for a malformed one (RFC 9113 §8.1.1): its stream MUST be reset. */
export function parseHead({ pairs, isOversized }: FieldList): RequestHead | undefined {
  const pseudo: Record<string, string> = {};
  let regular = 0;
  for (; regular < pairs.length && (pairs[regular] as string).charCodeAt(0) === colon; regular += 2) {
    const name = pairs[regular] as string;
    const value = pairs[regular + 1] as string;
    if (!pseudoHeaders.has(name) || pseudo[name] !== undefined || !isFieldValue(value)) {
      return undefined;
    }
    pseudo[name] = value;
  }
  const fields = pairs.slice(regular);
  const found = scan(fields);
  const { ":method": method, ":scheme": scheme = "", ":path": path = "", ":authority": authority } = pseudo;
  // CONNECT has neither scheme nor path (RFC 9113 §8.5); it is answered, not served.
  if (found === undefined || method === undefined || (method !== "CONNECT" && (scheme === "" || path === ""))) {
    return undefined;
  }
  const { host } = found;
  return {
    method,
    scheme,
    path,
    ...found,
    authority: authority ?? host ?? "",
    isAuthorityClear: authority === undefined || host === undefined || authority.toLowerCase() === host.toLowerCase(),
    pairs: fields,
    isOversized,
    bytes: pairs.reduce((sum, text) => sum + text.length, 0),
  };
}

/** Whether fields may follow a body (RFC 9113 §8.1). */
export function areTrailers({ pairs }: FieldList): boolean {
  return scan(pairs) !== undefined;
}

interface Found {
  host: string | undefined;
  contentType: string | undefined;
  contentLength: number | undefined;
  expectsContinue: boolean;
}

/** Checks regular fields, and finds those that the port itself needs. Undefined when one is malformed. */
function scan(fields: readonly string[]): Found | undefined {
  const found: Found = { host: undefined, contentType: undefined, contentLength: undefined, expectsContinue: false };
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    if (!isFieldName(name) || !isFieldValue(value) || isForbidden(name, value)) {
      return undefined;
    }
    if (name === "content-type") {
      // As in node:http, the first counts.
      found.contentType ??= value;
    } else if (name === "host") {
      if (found.host !== undefined) {
        return undefined;
      }
      found.host = value;
    } else if (name === "expect") {
      found.expectsContinue = value.toLowerCase() === "100-continue";
    } else if (name === "content-length") {
      const length = /^\d{1,15}$/.test(value) ? Number(value) : undefined;
      if (length === undefined || (found.contentLength ?? length) !== length) {
        return undefined;
      }
      found.contentLength = length;
    }
  }
  return found;
}

/** Fields of one connection (RFC 9113 §8.2.2). */
function isForbidden(name: string, value: string): boolean {
  return name === "te" ? value.toLowerCase() !== "trailers" : connectionHeaders.has(name);
}

/** A token without upper case (RFC 9113 §8.2.1, RFC 9110 §5.6.2). */
function isFieldName(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    if (nameCharacters[name.charCodeAt(at)] !== 1) {
      return false;
    }
  }
  return name.length > 0;
}

/** Without control characters but tabs, and without white space around it (RFC 9113 §8.2.1, RFC 9110 §5.5). */
function isFieldValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) {
      return false;
    }
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const colon = 0x3a;
const pseudoHeaders: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);
/** Which cannot be sent to any HTTP/2 peer either. */
export const connectionHeaders: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
const nameCharacters = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  nameCharacters[character.charCodeAt(0)] = 1;
}
