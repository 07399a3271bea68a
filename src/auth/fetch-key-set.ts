import { errorCode } from "../base/index.ts";
import { type KeySet, KeySetProblem, parseKeySet } from "./key-set.ts";

const timeoutMs = 5_000;
const maxBytes = 1_048_576;

/**
 * Fetches the key set of an issuer: within 5 s from the request to the last byte, at most 1 MiB after decompression, and
 * from this URL only.
 *
 * @throws KeySetProblem for every failure, with a message for the log that quotes nothing of the response
 */
export async function fetchKeySet(url: URL): Promise<KeySet> {
  try {
    const response = await fetch(url, {
      // A redirect could lead from https to http, or to a host that the operator did not name.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: "application/jwk-set+json, application/json" },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new KeySetProblem(statusProblem(response.status));
    }
    return parseKeySet(await textOf(response));
  } catch (error) {
    throw problemOf(error);
  }
}

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new KeySetProblem("the answer is larger than 1 MiB");
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function statusProblem(status: number): string {
  const isRedirect = status >= 300 && status < 400;
  return isRedirect ? `HTTP status ${status}, and redirects are not followed` : `HTTP status ${status}`;
}

/** Checks the shape, not the class: runtime errors come from another realm. A failed fetch has its code in `cause`. */
function problemOf(error: unknown): KeySetProblem {
  if (error instanceof KeySetProblem) {
    return error;
  }
  const isObject = typeof error === "object" && error !== null;
  if (isObject && "name" in error && error.name === "TimeoutError") {
    return new KeySetProblem(`no complete answer within ${timeoutMs / 1_000} s`);
  }
  const code = errorCode(error) ?? (isObject && "cause" in error ? errorCode(error.cause) : undefined);
  return new KeySetProblem(`it could not be fetched${code === undefined ? "" : `: ${code}`}`);
}
