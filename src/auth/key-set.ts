import type { CryptoKey, JSONWebKeySet } from "jose";
import { createLocalJWKSet } from "jose/jwks/local";
import { errorCode } from "../base/index.ts";

/** What the token's header says about its signing key. Not verified. */
export interface KeyHint {
  readonly alg?: string | undefined;
  readonly kid?: string | undefined;
}

interface Candidates {
  /** At most 16. */
  readonly keys: readonly CryptoKey[];
  /** Whether they have the token's `kid`; otherwise they only match its algorithm. */
  readonly areNamed: boolean;
}

/** The public keys of an issuer, as fetched once. */
export interface KeySet {
  /** The keys to try the signature with, without unusable ones. */
  candidates(hint: KeyHint): Promise<Candidates>;
}

/** Why a response is not a usable key set, as a message for the log. */
export class KeySetProblem extends Error {}

const maxKeys = 100;
const maxTries = 16;
// RFC 7518 §3.3.
const minRsaBits = 2_048;

/**
 * A token's `kid` selects the keys with that `kid`. If there is none, the keys without a `kid` that match the algorithm
 * are tried. For a token without a `kid`, all matching keys are tried (RFC 7515 §4.1.4: `kid` is a hint).
 *
 * @throws KeySetProblem when the text is not a JSON Web Key Set, or holds more than 100 keys
 */
export function parseKeySet(text: string): KeySet {
  const jwks = parseJwks(text);
  const all = createLocalJWKSet(jwks);
  const nameless = createLocalJWKSet({ keys: jwks.keys.filter(({ kid }) => kid === undefined) });
  return {
    async candidates({ alg, kid }) {
      const keys = await fitting(all, { alg, kid });
      return kid === undefined || keys.length > 0
        ? { keys, areNamed: kid !== undefined }
        : { keys: await fitting(nameless, { alg }), areNamed: false };
    },
  };
}

function parseJwks(text: string): JSONWebKeySet {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new KeySetProblem("the answer is not JSON");
  }
  if (!isKeySet(json)) {
    throw new KeySetProblem("the answer is not a JSON Web Key Set");
  }
  if (json.keys.length > maxKeys) {
    throw new KeySetProblem(`the key set holds more than ${maxKeys} keys`);
  }
  return json;
}

function isKeySet(json: unknown): json is JSONWebKeySet {
  const keys = typeof json === "object" && json !== null && "keys" in json ? json.keys : undefined;
  return Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null && !Array.isArray(key));
}

/** The keys of a set that match the hint. jose caches each import. */
async function fitting(set: ReturnType<typeof createLocalJWKSet>, hint: KeyHint): Promise<readonly CryptoKey[]> {
  try {
    return [await set(hint as Parameters<typeof set>[0])].filter(isStrong);
  } catch (error) {
    return errorCode(error) === "ERR_JWKS_MULTIPLE_MATCHING_KEYS" ? await severalOf(error) : [];
  }
}

/** jose's error for several matching keys is an async iterable of them. */
async function severalOf(error: unknown): Promise<readonly CryptoKey[]> {
  const keys: CryptoKey[] = [];
  for await (const key of error as AsyncIterable<CryptoKey>) {
    if (isStrong(key) && keys.push(key) === maxTries) {
      break;
    }
  }
  return keys;
}

function isStrong({ algorithm }: CryptoKey): boolean {
  return !("modulusLength" in algorithm) || Number(algorithm.modulusLength) >= minRsaBits;
}
