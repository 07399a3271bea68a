/** What a token may be used for: admins manage, callers read, the system reads on behalf of others. */
export type Role = "admin" | "caller" | "system";

/** Who is calling, as proven by a token. Nothing after `auth/` looks at tokens. */
export interface Principal {
  readonly zid: string;
  readonly role: Role;
}
