import { type Plaintext, VaultError } from "../base/index.ts";
import type { AuditDraft, Change, Decision, Operation, View } from "../ledger/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { oneRow } from "./drafts.ts";
import { needsPassage, type Passage, pass, type Request } from "./gated.ts";
import { secrets } from "./tables.ts";

export interface ReadSecret {
  readonly name: string;
  readonly value: Plaintext;
  readonly purposeTag: string | null;
}

/** Reads a secret as `request.zid`. */
export function readSecret(request: Request, sealer: Sealer): Operation<ReadSecret> {
  return {
    needs: needsPassage(request),
    weight: oneRow,
    apply(view) {
      const passage = pass(view, request, sealer);
      if (passage.kind === "refused") {
        const { error, changes, draft } = passage;
        return { outcome: { kind: "refused", error }, changes, drafts: [draft] };
      }
      const changes = [countOf(passage)];
      return { outcome: { kind: "done", value: readOf(passage) }, changes, drafts: [passage.draft] };
    },
    discard: ({ value }) => value.wipe(),
  };
}

/** The outcome of one read among several. */
export type ReadItem =
  | { readonly kind: "read"; readonly secret: ReadSecret }
  | { readonly kind: "refused"; readonly error: VaultError };

/** The size limit of an answer. */
export interface Room {
  readonly maxBytes: number;
  /** The largest encoded size of one item. */
  bytesOf(item: ReadItem): number;
}

/**
 * Reads several secrets in order, in one transaction: one audit row and one item per request.
 *
 * When the answer cannot hold all of them, it is refused with `MESSAGE_TOO_LARGE`; nothing is read or recorded.
 */
export function readSecrets(requests: readonly Request[], sealer: Sealer, room: Room): Operation<readonly ReadItem[]> {
  return {
    needs: requests.flatMap(needsPassage),
    weight: { rows: requests.length, bytes: 0 },
    apply: (view) => readAll(view, requests, sealer, room),
    discard: wipeAll,
  };
}

function readAll(view: View, requests: readonly Request[], sealer: Sealer, room: Room): Decision<readonly ReadItem[]> {
  const items: ReadItem[] = [];
  const changes: Change[] = [];
  const drafts: AuditDraft[] = [];
  /** The denials of the earlier reads count for the later ones. */
  const deniedZids: string[] = [];
  let bytesLeft = room.maxBytes;
  try {
    for (const request of requests) {
      const own = deniedZids.filter((zid) => zid === request.zid).length;
      const passage = pass(view, request, sealer, own);
      items.push(
        passage.kind === "granted"
          ? { kind: "read", secret: readOf(passage) }
          : { kind: "refused", error: passage.error },
      );
      changes.push(...changesOf(passage, drafts.length));
      if (passage.kind === "refused" && passage.reason === "denied") {
        deniedZids.push(request.zid);
      }
      drafts.push(passage.draft);
      bytesLeft -= room.bytesOf(items.at(-1) as ReadItem);
      if (bytesLeft < 0) {
        wipeAll(items);
        return { outcome: { kind: "refused", error: tooLarge() }, changes: [], drafts: [] };
      }
    }
  } catch (error) {
    wipeAll(items);
    throw error;
  }
  return { outcome: { kind: "done", value: items }, changes, drafts };
}

/** Renumbers a passage's draft, which is number 0 there, to its number `draft` among those of all reads. */
function changesOf(passage: Passage, draft: number): readonly Change[] {
  if (passage.kind === "granted") {
    return [countOf(passage)];
  }
  return passage.changes.map((change) => (change.kind === "append" ? { ...change, draft } : change));
}

function countOf({ secret }: Extract<Passage, { kind: "granted" }>): Change {
  return { kind: "count", table: secrets, key: [secret.name] };
}

function readOf({ secret, plaintext }: Extract<Passage, { kind: "granted" }>): ReadSecret {
  return { name: secret.name, value: plaintext, purposeTag: secret.purposeTag };
}

/** Wipes every value that was read. */
export function wipeAll(items: readonly ReadItem[]): void {
  for (const item of items) {
    if (item.kind === "read") {
      item.secret.value.wipe();
    }
  }
}

function tooLarge(): VaultError {
  return new VaultError("MESSAGE_TOO_LARGE", "the answer would be too large so ask for fewer names");
}
