import { VaultError } from "../base/index.ts";
import type { View } from "../ledger/index.ts";
import { olderVersions, type VaultSecret, type VersionFacts } from "./tables.ts";

/** Older versions of a path that were disabled, or read under a limit. */
const maxOlder = 1_000;

interface State {
  readonly reads: number;
  readonly isDisabled: boolean;
}

export function stateOf(secret: VaultSecret, number: number): State {
  if (number === secret.number) {
    return { reads: secret.reads, isDisabled: secret.isDisabled === 1 };
  }
  const entry = secret.older.find((each) => each.startsWith(`${number} `))?.split(" ") ?? [];
  return { reads: Number(entry[1] ?? 0), isDisabled: entry[2] === "1" };
}

/** Whether a version was disabled. */
export function isVersionDisabled(secret: VaultSecret, number: number): boolean {
  return stateOf(secret, number).isDisabled;
}

/** The state of older versions, with that of one of them replaced; nothing is kept of one that is as it was made. */
export function olderWith(
  { older }: VaultSecret,
  number: number,
  reads: number,
  isDisabled: number,
): readonly string[] {
  const others = older.filter((entry) => !entry.startsWith(`${number} `));
  if (reads === 0 && isDisabled === 0) {
    return others;
  }
  if (others.length >= maxOlder) {
    throw new VaultError("LIMIT_EXCEEDED", `of a secret, ${maxOlder} older versions may be disabled or limited`);
  }
  return [...others, `${number} ${reads} ${isDisabled}`];
}

/** The facts of a version that may be read now, but for its limit of reads. */
export function readable(view: View, secret: VaultSecret | undefined, wanted: number | null): VersionFacts {
  if (secret === undefined) {
    throw unknownSecret();
  }
  const number = wanted ?? secret.number;
  if (number > secret.number) {
    throw unknownSecret();
  }
  if (secret.isDeleted === 1 || number < secret.firstNumber) {
    throw gone("This secret was deleted");
  }
  if (stateOf(secret, number).isDisabled) {
    throw gone("This version is disabled");
  }
  const facts = number === secret.number ? secret : view.get(olderVersions, secret.place, number);
  if (facts === undefined) {
    throw unknownSecret();
  }
  if (facts.expiresAtMs !== null && view.now.unixMs >= facts.expiresAtMs) {
    throw gone("This secret has expired");
  }
  return facts;
}

export function unknownSecret(): VaultError {
  return new VaultError("NOT_FOUND", "Secret not found");
}

export function gone(message: string): VaultError {
  return new VaultError("GONE", message);
}
