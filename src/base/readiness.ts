/** Whether an acknowledged commit survives a crash of the database's machine. */
export interface Durability {
  readonly durable: boolean;
  /** The problem, and the setting that fixes it. */
  readonly detail?: string;
}

/** Whether the vault can serve calls. Safe to show to unauthenticated clients. */
export interface Readiness extends Durability {
  /** Whether a batch could be written within two seconds. */
  readonly ready: boolean;
  /** The problem with the system clock, if any. */
  readonly clock?: string;
}
