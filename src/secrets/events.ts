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

/** Those that people.md adds (section 9). */
type AddedEventType = "admin_log" | "caller_names";

export type EventType = (typeof eventTypes)[number] | AddedEventType;
