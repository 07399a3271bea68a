/** What a token may be used for: admins manage, callers read, the system reads on behalf of others. */
export type Role = "admin" | "caller" | "system";

/** The authenticated caller. Code outside `auth/` never parses tokens. */
export interface Principal {
  readonly zid: string;
  readonly role: Role;
}
