import type { IncomingMessage } from "node:http";
import type { RequestHead } from "../http2/request-head.ts";

/** Why a request is refused before it is routed. */
export interface Mistake {
  readonly status: 400 | 505;
  readonly sentence: string;
}

/**
 * Detects ambiguous HTTP/1.1 requests that Node's parser accepts and a proxy in front could interpret differently,
 * which allows request smuggling (RFC 9112 §3.2, §6.1, §11.2). The parser itself rejects contradictory lengths and
 * obs-fold.
 */
export function mistakeInHttp1(request: IncomingMessage): Mistake | undefined {
  const { httpVersion, rawHeaders, headers } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    return { status: 505, sentence: "the version of HTTP is not supported" };
  }
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === "host") {
      hosts++;
    }
  }
  if (hosts > 1 || !isHost(headers.host ?? "")) {
    return invalid("host is not valid");
  }
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && (httpVersion === "1.0" || coding.toLowerCase() !== "chunked")) {
    return invalid("transfer-encoding is not valid");
  }
  return mistakeInTarget(request.url ?? "");
}

/** The same for HTTP/2 (RFC 9113 §8.3.1). */
export function mistakeInHttp2({ isAuthorityClear, authority, path }: RequestHead): Mistake | undefined {
  if (!isAuthorityClear) {
    return invalid("host and :authority differ");
  }
  return isHost(authority) ? mistakeInTarget(path) : invalid("host is not valid");
}

/** The port is not a proxy: it accepts only the origin form, a path and a query, in the characters of RFC 3986. */
export function mistakeInTarget(target: string): Mistake | undefined {
  return /^\/[\x21\x22\x24-\x7e]*$/.test(target) ? undefined : invalid("path must be percent-encoded ASCII");
}

/** Whether a text is a host, with an optional port (RFC 3986 §3.2.2). */
export function isHost(text: string): boolean {
  return /^(?:[\w.\-~%!$&'()*+,;=]*|\[[\w.:%]+\])(?::\d*)?$/.test(text);
}

function invalid(sentence: string): Mistake {
  return { status: 400, sentence };
}
