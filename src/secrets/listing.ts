import type { Condition, Key, Order, Selection } from "../ledger/index.ts";
import { isDueAt } from "./rotate.ts";
import type { SecretMetadata } from "./secret.ts";

/** Which secrets a list has. What is absent selects all; what is given must all be met. */
export interface SecretFilter {
  readonly prefix?: string | undefined;
  /** Somewhere in the name, without regard to the case of A to Z. */
  readonly contains?: string | undefined;
  readonly purposeTag?: string | undefined;
  readonly boundZid?: string | undefined;
  /** Who owns it or is permitted to read it. */
  readonly readerZid?: string | undefined;
  /** The Zeqond at which it is to be rotated. */
  readonly dueAtZeqond?: number | undefined;
  readonly neverRead?: boolean | undefined;
}

/** By what a list is ordered, as the contract calls the fields (section 2, META). */
export const orderings = ["name", "updated_at", "expires_zeqond", "last_read_zeqond", "read_count"] as const;

export interface SecretOrder {
  readonly by: (typeof orderings)[number];
  readonly descending: boolean;
}

/** Orders by what every read moves: no index may keep them, so they are found by looking at all matches. */
export const isOrderedByReads = ({ by }: SecretOrder): boolean => by === "last_read_zeqond" || by === "read_count";

/** The place of a secret in a list, behind which the next page begins. */
export function placeOf(secret: SecretMetadata, { by }: SecretOrder): Key {
  const { name, updatedAt, expiresZeqond, lastReadZeqond, readCount } = secret;
  switch (by) {
    case "name":
      return [name];
    case "updated_at":
      return [updatedAt, name];
    case "expires_zeqond":
      return [expiresZeqond ?? never, name];
    case "last_read_zeqond":
      return [lastReadZeqond ?? notYet, name];
    case "read_count":
      return [readCount, name];
  }
}

/** Secrets that never expire are behind all that do, and those that were never read before all that were. */
const never = Number.MAX_SAFE_INTEGER;
const notYet = -1;

export function selectionOf(filter: SecretFilter, order: SecretOrder, after: Key | null): Selection {
  return { after, where: conditionsOf(filter), order: orderOf(order) };
}

function orderOf({ by, descending }: SecretOrder): Order {
  switch (by) {
    case "name":
      return { descending };
    case "updated_at":
      return { field: "updatedAt", descending };
    case "expires_zeqond":
      return { field: "expiresZeqond", absent: never, descending };
    case "last_read_zeqond":
      return { field: "lastReadZeqond", absent: notYet, descending };
    case "read_count":
      return { field: "readCount", descending };
  }
}

function conditionsOf(filter: SecretFilter): readonly Condition[] {
  const { prefix, contains, purposeTag, boundZid, readerZid, dueAtZeqond, neverRead } = filter;
  const conditions: Condition[] = [];
  if (prefix) {
    conditions.push({ kind: "starts_with", field: "name", text: prefix });
  }
  if (contains) {
    conditions.push({ kind: "contains", field: "name", text: contains });
  }
  if (purposeTag) {
    conditions.push({ kind: "equals", field: "purposeTag", value: purposeTag });
  }
  if (boundZid) {
    conditions.push({ kind: "equals", field: "boundZid", value: boundZid });
  }
  if (readerZid) {
    conditions.push(isReadableBy(readerZid));
  }
  if (dueAtZeqond !== undefined) {
    conditions.push(isDueAt(dueAtZeqond));
  }
  if (neverRead) {
    conditions.push({ kind: "equals", field: "readCount", value: 0 });
  }
  return conditions;
}

/** What the gate grants (contract, section 2). */
function isReadableBy(zid: string): Condition {
  return {
    kind: "either",
    of: [
      { kind: "equals", field: "boundZid", value: zid },
      { kind: "holds", field: "permissions", text: zid },
    ],
  };
}
