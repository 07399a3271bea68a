import { createHash } from "node:crypto";
import { isSecretName, VaultError } from "../../base/index.ts";
import type { Key } from "../../ledger/index.ts";

/**
 * Where the next page begins, bound to what was asked: with other filters it would lead to another place.
 *
 * @param asked filters and order, as JSON takes them
 * @param place ends with a name
 */
export function pageToken(asked: object, place: Key): string {
  return Buffer.concat([mark(asked), Buffer.from(JSON.stringify(place))]).toString("base64url");
}

/**
 * The place of a token.
 *
 * @param values how many values precede the name in a place
 * @throws VaultError `INVALID_ARGUMENT` when it is none of ours, or of other filters
 */
export function placeOfToken(token: string, asked: object, values: number): Key {
  const bytes = Buffer.from(token, "base64url");
  const place = placeIn(bytes.subarray(markBytes));
  // Decoding is lenient: what it skips or mends is no token that we gave.
  if (place === undefined || place.length !== values + 1 || Buffer.from(bytes).toString("base64url") !== token) {
    throw new VaultError("INVALID_ARGUMENT", "pageToken is not one of ours");
  }
  if (!bytes.subarray(0, markBytes).equals(mark(asked))) {
    throw new VaultError("INVALID_ARGUMENT", "pageToken is of other filters or another order");
  }
  return place;
}

const markBytes = 8;

function mark(asked: object): Buffer {
  return createHash("sha256").update(JSON.stringify(asked)).digest().subarray(0, markBytes);
}

function placeIn(text: Buffer): Key | undefined {
  try {
    const place: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
    return isPlace(place) && JSON.stringify(place) === text.toString("utf8") ? place : undefined;
  } catch {
    return undefined;
  }
}

function isPlace(place: unknown): place is Key {
  if (!Array.isArray(place) || place.length === 0) {
    return false;
  }
  const name: unknown = place.at(-1);
  const values: readonly unknown[] = place.slice(0, -1);
  return (
    typeof name === "string" &&
    isSecretName(name) &&
    values.every((value) => typeof value === "string" || Number.isSafeInteger(value))
  );
}
