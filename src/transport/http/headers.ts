import type { Limits } from "../limits.ts";
import type { CallHeader } from "../options.ts";

/** Headers in Node's format: several values of one name are an array. */
export type HeaderRecord = Record<string, string | string[]>;

/**
 * The `Headers` of a call. A flat array with linear search costs a fraction of the standard class, as a call has few
 * headers. Unlike the standard class, it keeps repeated headers apart (`all`).
 */
export class CallHeaders implements Headers, CallHeader {
  #pairs: string[];
  /** Whether the array belongs to others, too: then it is copied before a change. */
  #isShared = false;

  /** @param rawPairs Node's flat array of names and values. Pseudo-headers are skipped. */
  constructor(rawPairs: readonly string[] = []) {
    this.#pairs = [];
    for (let i = 0; i + 1 < rawPairs.length; i += 2) {
      const name = rawPairs[i] as string;
      if (name.charCodeAt(0) !== 0x3a) {
        this.#pairs.push(name.toLowerCase(), rawPairs[i + 1] as string);
      }
    }
  }

  /** @param pairs Names in lower case and values in turn, without pseudo-headers. Not copied, and not changed. */
  static sharing(pairs: readonly string[]): CallHeaders {
    const headers = new CallHeaders();
    headers.#pairs = pairs as string[];
    headers.#isShared = true;
    return headers;
  }

  get size(): number {
    return this.#pairs.length / 2;
  }

  all(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (let i = 0; i < this.#pairs.length; i += 2) {
      if (this.#pairs[i] === wanted) {
        values.push(this.#pairs[i + 1] as string);
      }
    }
    return values;
  }

  get(name: string): string | null {
    const wanted = name.toLowerCase();
    let found: string | null = null;
    for (let i = 0; i < this.#pairs.length; i += 2) {
      if (this.#pairs[i] === wanted) {
        const value = this.#pairs[i + 1] as string;
        found = found === null ? value : found + (wanted === "cookie" ? "; " : ", ") + value;
      }
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  append(name: string, value: string): void {
    this.#own();
    this.#pairs.push(name.toLowerCase(), String(value).trim());
  }

  set(name: string, value: string): void {
    this.delete(name);
    this.append(name, value);
  }

  delete(name: string): void {
    const wanted = name.toLowerCase();
    this.#own();
    for (let i = this.#pairs.length - 2; i >= 0; i -= 2) {
      if (this.#pairs[i] === wanted) {
        this.#pairs.splice(i, 2);
      }
    }
  }

  #own(): void {
    if (this.#isShared) {
      this.#pairs = [...this.#pairs];
      this.#isShared = false;
    }
  }

  getSetCookie(): string[] {
    return [...this.all("set-cookie")];
  }

  forEach(visit: (value: string, name: string, parent: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this) {
      visit.call(thisArg, value, name, this);
    }
  }

  *entries(): ReturnType<Headers["entries"]> {
    for (const name of new Set(this.#pairs.filter((_, index) => index % 2 === 0))) {
      yield [name, this.get(name) as string];
    }
  }

  *keys(): ReturnType<Headers["keys"]> {
    for (const [name] of this) {
      yield name;
    }
  }

  *values(): ReturnType<Headers["values"]> {
    for (const [, value] of this) {
      yield value;
    }
  }

  [Symbol.iterator](): ReturnType<Headers["entries"]> {
    return this.entries();
  }

  /** Adds all pairs to `record`, each name with `prefix` before it. */
  writeTo(record: HeaderRecord, prefix = ""): void {
    for (let i = 0; i < this.#pairs.length; i += 2) {
      addHeader(record, prefix + (this.#pairs[i] as string), this.#pairs[i + 1] as string);
    }
  }
}

/**
 * Whether a decoded header list exceeds the limits: a few bytes of HPACK can decode to a long list, and Node enforces
 * its HTTP/2 settings only once the peer has acknowledged them.
 */
export function isOversized(rawPairs: readonly string[], limits: HeaderLimits): boolean {
  if (rawPairs.length > 2 * limits.maxHeaders) {
    return true;
  }
  let bytes = 0;
  for (const text of rawPairs) {
    bytes += text.length;
  }
  return bytes > limits.maxHeaderBytes;
}

type HeaderLimits = Pick<Limits, "maxHeaders" | "maxHeaderBytes">;

/** Adds all headers; several values of one name come as one, but for cookies. */
export function addAll(record: HeaderRecord, headers: Headers): void {
  headers.forEach((value, name) => {
    addHeader(record, name, value);
  });
}

/** Adds one value and keeps existing ones. */
function addHeader(record: HeaderRecord, name: string, value: string): void {
  const before = record[name];
  record[name] = before === undefined ? value : typeof before === "string" ? [before, value] : [...before, value];
}

/**
 * Adds the metadata of an error or a handler, except names that are reserved for the protocols.
 */
export function addMetadata(record: HeaderRecord, metadata: Headers, prefix = ""): void {
  metadata.forEach((value, name) => {
    if (!reserved.has(name)) {
      addHeader(record, prefix + name, value);
    }
  });
}

const reserved: ReadonlySet<string> = new Set([
  ..."connect-content-encoding connect-protocol-version connect-timeout-ms".split(" "),
  ..."connection content-encoding content-length content-type date grpc-encoding grpc-message".split(" "),
  ..."grpc-status grpc-status-details-bin grpc-timeout host keep-alive te trailer transfer-encoding upgrade user-agent".split(
    " ",
  ),
]);
