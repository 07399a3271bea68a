import { VaultError } from "../base/index.ts";
import type { Change, Need, View } from "../ledger/index.ts";
import type { Done } from "../people/index.ts";
import { Otherwise } from "./otherwise.ts";
import { keyedAnswers } from "./tables.ts";

/** A request with an idempotency key (contract 1claw.md, D4). */
export interface Keyed {
  /** Of the caller and the key. */
  readonly id: string;
  /** Of caller, key, method, path and body, under a key of the vault. */
  readonly fingerprint: string;
}

/** `repeat`: the same request was answered already, about this version; nothing is recorded yet. */
export type Repeat = { readonly kind: "repeat"; readonly number: number };

/** @throws Otherwise with the answer to be repeated; VaultError `UNPROCESSABLE` when the key was for another request */
export function refuseRepeated(view: View, keyed: Keyed | null): void {
  const answered = keyed === null ? undefined : view.all(keyedAnswers, "id", keyed.id).at(-1);
  if (answered === undefined) {
    return;
  }
  if (answered.fingerprint !== keyed?.fingerprint) {
    throw new VaultError("UNPROCESSABLE", "the idempotency key was used for another request");
  }
  throw new Otherwise<Repeat>({ kind: "repeat", number: answered.number });
}

export function needsKeyed(keyed: Keyed | null): readonly Need[] {
  return keyed === null ? [] : [{ table: keyedAnswers, lookup: "id", by: [keyed.id] }];
}

/** What an answer leaves for its repetition. */
export function answeredWith(
  keyed: Keyed | null,
  number: number,
): { readonly changes: readonly Change[]; readonly done: Pick<Done<unknown>, "keyed"> } {
  return keyed === null
    ? { changes: [], done: {} }
    : {
        changes: [{ kind: "append", table: keyedAnswers, draft: 0 } as const],
        done: { keyed: { ...keyed, number } },
      };
}
