import { isHost, mistakeInTarget } from "../http/well-formed.ts";
import type { Limits } from "../limits.ts";

/** The header fields of a plain request. Not changed: requests with equal ones share them. */
interface PlainFields {
  /** Names in lower case and values in turn. */
  readonly pairs: readonly string[];
  readonly host: string;
  readonly contentType: string | undefined;
  readonly contentLength: number | undefined;
}

/** A whole request that can be read in one way only. */
export interface PlainRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: PlainFields;
  readonly body: Uint8Array;
}

type PlainLimits = Pick<Limits, "maxHeaderBytes" | "maxHeaders" | "maxPlainRequestBytes">;

/** Reads the plain requests of one connection. */
export class PlainReader {
  readonly #limits: PlainLimits;
  /** The fields of the latest request, as they were sent: most callers send the same again. */
  #latestText = "";
  #latest: PlainFields | undefined;

  constructor(limits: PlainLimits) {
    this.#limits = limits;
  }

  /**
   * The request that a chunk is, from its first to its last byte; undefined for a part of one, for more than one, and
   * for whatever is not in the plainest form: that is node:http's to judge.
   */
  tryRead(chunk: Buffer): PlainRequest | undefined {
    const { maxPlainRequestBytes, maxHeaderBytes } = this.#limits;
    if (chunk.length > maxPlainRequestBytes) {
      return undefined;
    }
    const headEnd = chunk.indexOf(headEnding);
    if (headEnd < 0 || headEnd > maxHeaderBytes) {
      return undefined;
    }
    const head = chunk.toString("latin1", 0, headEnd + lineEnding.length);
    const firstEnd = head.indexOf(lineEnding);
    const first = firstLine.exec(head.slice(0, firstEnd));
    if (first === null) {
      return undefined;
    }
    const [, method = "", target = ""] = first;
    const fields = this.#fieldsOf(chunk, head, firstEnd + lineEnding.length);
    const bodyAt = headEnd + headEnding.length;
    if (
      fields === undefined ||
      mistakeInTarget(target) !== undefined ||
      (bodiless.has(method) ? (fields.contentLength ?? 0) !== 0 : fields.contentLength === undefined) ||
      chunk.length - bodyAt !== (fields.contentLength ?? 0)
    ) {
      return undefined;
    }
    return { method, target, fields, body: chunk.subarray(bodyAt) };
  }

  #fieldsOf(chunk: Buffer, head: string, at: number): PlainFields | undefined {
    const text = head.slice(at);
    if (text === this.#latestText) {
      return this.#latest;
    }
    // A string of its own: a part of another one would keep all of it.
    const own = chunk.toString("latin1", at, head.length);
    const fields = tryParseFields(own, this.#limits.maxHeaders);
    const isKept = fields !== undefined && own.length <= maxKeptFieldsLength;
    this.#latestText = isKept ? own : "";
    this.#latest = isKept ? fields : undefined;
    return fields;
  }
}

const lineEnding = "\r\n";
const headEnding = Buffer.from("\r\n\r\n");
const firstLine = /^(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP\/1\.1$/;
const bodiless: ReadonlySet<string> = new Set(["GET", "DELETE"]);
/** Longer header fields are not kept for the next request. */
const maxKeptFieldsLength = 2_048;

/** A token and a value of printable ASCII that neither begins nor ends with a blank (RFC 9110 §5.5, §5.6.2). */
const fieldLine = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)\r\n/y;

/** What changes how a request or its connection is read, or what its answer may be. */
const odd: ReadonlySet<string> = new Set(
  "transfer-encoding expect upgrade trailer te keep-alive proxy-connection http2-settings".split(" "),
);

function tryParseFields(text: string, maxHeaders: number): PlainFields | undefined {
  const byName = new Map<string, string>();
  const pairs: string[] = [];
  for (fieldLine.lastIndex = 0; fieldLine.lastIndex < text.length; ) {
    const line = fieldLine.exec(text);
    if (line === null) {
      return undefined;
    }
    const [, written = "", value = ""] = line;
    const name = written.toLowerCase();
    if (odd.has(name) || byName.has(name) || byName.size === maxHeaders) {
      return undefined;
    }
    byName.set(name, value);
    pairs.push(name, value);
  }
  const host = byName.get("host");
  const length = byName.get("content-length");
  if (
    host === undefined ||
    !isHost(host) ||
    (length !== undefined && !/^(?:0|[1-9]\d{0,8})$/.test(length)) ||
    (byName.get("connection") ?? "keep-alive").toLowerCase() !== "keep-alive"
  ) {
    return undefined;
  }
  const contentLength = length === undefined ? undefined : Number(length);
  return { pairs, host, contentType: byName.get("content-type"), contentLength };
}
