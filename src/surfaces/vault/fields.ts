import type { JsonObject } from "@bufbuild/protobuf";
import { formatTimestamp, parseTimestamp, VaultError } from "../../base/index.ts";
import { parseScopes } from "../../vaults/index.ts";

/** A UUID as it is stored. @throws VaultError `INVALID_ARGUMENT` */
export function uuidIn(text: string, field: string): string {
  if (storedUuid.test(text)) {
    return text;
  }
  const uuid = text.toLowerCase();
  if (!storedUuid.test(uuid)) {
    throw invalid(`${field} must be a UUID`);
  }
  return uuid;
}

const storedUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws VaultError `INVALID_ARGUMENT` */
export function timeIn(text: string | undefined): number | null {
  return text === undefined ? null : parseTimestamp(text);
}

export function timeText(unixMs: number): string {
  return formatTimestamp(unixMs);
}

/** Of a time as it is stored: ISO 8601 in UTC with milliseconds. */
export function storedTimeText(iso: string): string {
  return iso.endsWith(".000Z") ? `${iso.slice(0, -".000Z".length)}Z` : iso;
}

/** A whole number from `least` to `most`. @throws VaultError `INVALID_ARGUMENT` */
export function wholeIn(value: bigint, field: string, least: number, most: number): number {
  if (value < BigInt(least) || value > BigInt(most)) {
    throw invalid(`${field} must be a whole number from ${least} to ${most}`);
  }
  return Number(value);
}

/** A version in a path. @throws VaultError `INVALID_ARGUMENT` */
export function versionIn(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) {
    throw invalid("version must be a whole number of at least 1");
  }
  return Number(text);
}

/** An object as the text that is kept. @throws VaultError `INVALID_ARGUMENT` */
export function objectText(value: JsonObject | undefined, field: string, mostBytes: number): string | undefined {
  if (value === undefined) {
    return undefined;
  }
  const text = JSON.stringify(value, (key, each: unknown) => {
    // JSON knows such numbers and texts, and what keeps them does not: they would come back as something else.
    if (typeof each === "number" && !Number.isFinite(each)) {
      throw invalid(`${field} has a number that is too large`);
    }
    if (!key.isWellFormed() || (typeof each === "string" && !each.isWellFormed())) {
      throw invalid(`${field} has text that is no valid Unicode`);
    }
    return each;
  });
  if (Buffer.byteLength(text) > mostBytes) {
    throw invalid(`${field} must have at most ${mostBytes} bytes as JSON`);
  }
  return text;
}

const maxScopeBytes = 16_384;

/** Scopes of a key or an agent: its row is loaded with each of its calls. @throws VaultError `INVALID_ARGUMENT` */
export function scopesIn(scopes: readonly string[]): readonly string[] {
  parseScopes(scopes);
  if (Buffer.byteLength(JSON.stringify(scopes)) > maxScopeBytes) {
    throw invalid(`scopes must have at most ${maxScopeBytes} bytes as JSON`);
  }
  return [...scopes];
}

/** A text of so many characters. @throws VaultError `INVALID_ARGUMENT` */
export function textIn(text: string, field: string, least: number, most: number): string {
  const characters = [...text.slice(0, 2 * most + 2)].length;
  if (characters < least || characters > most) {
    throw invalid(`${field} must have ${least} to ${most} characters`);
  }
  return text;
}

export function invalid(sentence: string): VaultError {
  return new VaultError("INVALID_ARGUMENT", sentence);
}
