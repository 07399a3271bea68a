/**
 * The authenticated caller: admins manage, callers read, the system reads on behalf of others. A closed union, told apart
 * by `role`; kinds to come (users, agents) add members with fields of their own. Code outside of `auth/` never parses
 * tokens.
 */
export type Principal = ZidPrincipal<"admin"> | ZidPrincipal<"caller"> | ZidPrincipal<"system">;

interface ZidPrincipal<R extends string> {
  readonly role: R;
  readonly zid: string;
}

/** What a token may be used for. */
export type Role = Principal["role"];
