import type { Person } from "../../../people/index.ts";
import type { Column } from "../../output/table.ts";
import { isoTime, msOfZeqond, relativeTime } from "../../output/time.ts";

/** USER of contract people.md, section 3. */
interface ListedUser {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly zid: string | null;
  readonly kind: "password" | "oidc" | "invited";
  readonly disabled: boolean;
  readonly sessions: number;
  /** To the Zeqond; null for never. */
  readonly lastSignInAt: string | null;
  readonly createdAt: string;
}

export function listedUserOf(person: Person): ListedUser {
  const { sub, email, name, zid, passwordHash, isActive, lastUsedZeqond, createdAt } = person;
  return {
    id: sub.slice("user:".length),
    email: email ?? "",
    displayName: name,
    zid,
    // Who has keys alone has no password yet, as one who was invited.
    kind: passwordHash === null ? "invited" : "password",
    disabled: isActive === 0,
    // Tokens of /v1 are no sessions: nothing counts them.
    sessions: 0,
    lastSignInAt: lastUsedZeqond === null ? null : isoTime(msOfZeqond(lastUsedZeqond)),
    createdAt,
  };
}

const ago = (time: string | null) => (time === null ? "never" : relativeTime(Date.parse(time), Date.now()));
const stateOf = ({ disabled }: ListedUser) => (disabled ? "disabled" : "active");

/** The columns of a list; those on the right are left out first. */
export const userColumns: readonly Column<ListedUser>[] = [
  { title: "E-MAIL", shown: ({ email }) => email, plain: ({ email }) => email },
  { title: "STATE", shown: stateOf, plain: stateOf },
  { title: "ZID", shown: ({ zid }) => zid ?? "", plain: ({ zid }) => zid ?? "" },
  { title: "KIND", shown: ({ kind }) => kind, plain: ({ kind }) => kind },
  {
    title: "SIGNED-IN",
    shown: ({ lastSignInAt }) => ago(lastSignInAt),
    plain: ({ lastSignInAt }) => lastSignInAt ?? "",
  },
  { title: "CREATED", shown: ({ createdAt }) => ago(createdAt), plain: ({ createdAt }) => createdAt },
  { title: "NAME", shown: ({ displayName }) => displayName, plain: ({ displayName }) => displayName },
  { title: "ID", shown: ({ id }) => id, plain: ({ id }) => id },
];

/** What is shown of a user before it is deleted. */
export function fieldsOfUser(
  user: ListedUser,
  isTerminal: boolean,
): readonly (readonly [name: string, value: string])[] {
  return [
    ["e-mail", user.email],
    ["name", user.displayName],
    ["ZID", user.zid ?? ""],
    ["signed in", isTerminal ? ago(user.lastSignInAt) : (user.lastSignInAt ?? "")],
    ["created", isTerminal ? ago(user.createdAt) : user.createdAt],
  ];
}
