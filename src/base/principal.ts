/**
 * The authenticated caller: admins manage, callers read, the system reads on behalf of others; persons, users and agents,
 * call `/v1`. A closed union, told apart by `role`. Code outside of `auth/` never parses tokens.
 */
export type Principal =
  | ZidPrincipal<"admin">
  | ZidPrincipal<"caller">
  | ZidPrincipal<"system">
  | (ZidPrincipal<"person"> & { readonly credential: Credential });

interface ZidPrincipal<R extends string> {
  readonly role: R;
  readonly zid: string;
}

/** What a call of `/v1` proves. Whether it still counts, the rows say when the call is decided. */
export interface Credential {
  /** `user:<uuid>` or `agent:<uuid>`; also the `zid`. */
  readonly sub: string;
  /** Of the token; null for a personal key that was sent itself. */
  readonly jti: string | null;
  /** The personal key that was sent, or that the token was made from. */
  readonly keyId: string | null;
  /** Of a token: it counts while its user or agent is in the same one. */
  readonly epoch: number | null;
}

/** What a caller may be. */
export type Role = Principal["role"];

/** What a token of ZSC may be used for: persons come with tokens and keys of their own. */
export type TokenRole = Exclude<Role, "person">;
