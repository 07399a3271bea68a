import { VaultError } from "../base/index.ts";
import { type Condition, type Head, type Key, type Store, zeroHash } from "../ledger/index.ts";
import { type Person, people } from "./tables.ts";

/** Users that are listed at once: a list is held in memory whole. */
const maxListedUsers = 100_000;
const pageUsers = 500;
/** Whatever the database shows. */
const anyHead: Head = { seq: 0, rowHash: zeroHash };

/**
 * All users whose e-mail holds a text, by e-mail, from one snapshot. It shows what the tables hold, and decides nothing.
 *
 * @throws VaultError `LIMIT_EXCEEDED` for too many of them, before one is loaded
 */
export async function listUsers<U>(
  store: Pick<Store, "openListing">,
  contains: string,
  toListed: (user: Person) => U,
): Promise<readonly U[]> {
  const where: Condition[] = [{ kind: "starts_with", field: "sub", text: "user:" }];
  if (contains !== "") {
    where.push({ kind: "contains", field: "email", text: contains });
  }
  const listing = await store.openListing(people, { after: null, where }, anyHead);
  try {
    if (listing.count > maxListedUsers) {
      const counts = `${listing.count} users, and ${maxListedUsers} are listed at once`;
      throw new VaultError("LIMIT_EXCEEDED", `there are ${counts}`);
    }
    const users: { readonly email: string; readonly listed: U }[] = [];
    for (let after: Key | null = null; ; ) {
      const page: readonly Person[] = await listing.next(after, pageUsers);
      const last = page.at(-1);
      if (last === undefined) {
        return users.sort(byEmail).map(({ listed }) => listed);
      }
      users.push(...page.map((user) => ({ email: user.email ?? "", listed: toListed(user) })));
      after = [last.sub];
    }
  } finally {
    await listing.close();
  }
}

/** The rule of the last owner looks at so many. */
const maxOwnersLookedAt = 100;

/** Those who may be active owners, for the rule of the last one, which decides by itself who is. */
export async function findOwners(store: Pick<Store, "page">): Promise<readonly string[]> {
  const where: readonly Condition[] = [
    { kind: "starts_with", field: "sub", text: "user:" },
    { kind: "equals", field: "role", value: "owner" },
    { kind: "equals", field: "isActive", value: 1 },
  ];
  const owners: readonly Person[] = await store.page(people, { after: null, where }, maxOwnersLookedAt);
  return owners.map(({ sub }) => sub);
}

/** How many active agents a user has made. It decides nothing. */
export function countAgentsOf(store: Pick<Store, "count">, sub: string): Promise<number> {
  const where: readonly Condition[] = [
    { kind: "equals", field: "role", value: "agent" },
    { kind: "equals", field: "createdBy", value: sub },
    { kind: "equals", field: "isActive", value: 1 },
  ];
  return store.count(people, { after: null, where }, anyHead);
}

function byEmail(one: { readonly email: string }, other: { readonly email: string }): number {
  return one.email < other.email ? -1 : Number(one.email > other.email);
}
