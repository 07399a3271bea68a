/** Everything that a log line may hold. No message objects, no headers, no input. */
export interface LogFields {
  /** Full name of the method, or method and path pattern. */
  readonly method?: string;
  /** Error code, or `OK`. */
  readonly code?: string;
  /** How long it took, milliseconds. */
  readonly ms?: number;
  readonly requestId?: string;
  readonly zid?: string;
  /** The row that the call left: `<seq>.<row_hash>`. */
  readonly receipt?: string;
  /** What failed, in our words or a foreign error code. */
  readonly reason?: string;
  /** Where it failed: function names and lines, no messages. */
  readonly stack?: string;
  readonly count?: number;
  readonly address?: string;
  readonly database?: string;
  readonly setting?: string;
  /** How many the vault holds. */
  readonly secrets?: number;
  /** The head of the log: `<seq>.<row_hash>`, as in a receipt. */
  readonly head?: string;
}

/** Where log lines go. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** What may be logged of an error: its kind and place. Its message may quote what was sent, so it stays out. */
export function fieldsOfError(error: unknown): LogFields {
  if (!(error instanceof Error)) {
    return { reason: typeof error };
  }
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  // The message stands before the frames, and may have lines that look like one.
  const frames = (error.stack ?? "")
    .replace(error.message, "")
    .split("\n")
    .filter((line) => line.startsWith("    at "));
  return { reason: `${error.name}${code}`, stack: frames.join("\n") };
}
