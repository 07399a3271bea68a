/** The transitions of ZSC, as named in `audit_log.transition_type` (contract, section 4). */
export const eventTypes = [
  "secret_set",
  "secret_rotated",
  "secret_read",
  "secret_denied",
  "secret_deleted",
  "admin_list",
  "admin_info",
  "admin_audit",
] as const;

/** With those that people.md adds (section 9): all that rows of the vault's own surface may have. */
export const knownEventTypes = [...eventTypes, "admin_log", "caller_names"] as const;

export type EventType = (typeof knownEventTypes)[number];
