/** All fields that a log line may hold. No message objects, no headers, no input. */
export interface LogFields {
  /** Full name of the method, or method and path pattern. */
  readonly method?: string;
  /** Error code, or `OK`. */
  readonly code?: string;
  /** How long it took, milliseconds. */
  readonly ms?: number;
  readonly requestId?: string;
  readonly zid?: string | undefined;
  /** The audit row of the call: `<seq>.<row_hash>`. */
  readonly receipt?: string | undefined;
  /** The cause of the failure: our own text, or the error code of a library or of the system. */
  readonly reason?: string;
  /** Where it failed: function names and lines, no messages. */
  readonly stack?: string;
  readonly count?: number;
  readonly address?: string;
  readonly database?: string;
  readonly setting?: string;
  /** Number of secrets in the vault. */
  readonly secrets?: number;
  /** The head of the audit log: `<seq>.<row_hash>`, as in a receipt. */
  readonly head?: string;
}

/** The logger. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** The fields of an error that are safe to log: name, code and stack. Its message may quote input and is left out. */
export function fieldsOfError(error: unknown): LogFields {
  if (!(error instanceof Error)) {
    return { reason: typeof error };
  }
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  // The stack begins with the message, which may contain lines that look like a frame.
  const frames = (error.stack ?? "")
    .replace(error.message, "")
    .split("\n")
    .filter((line) => line.startsWith("    at "));
  return { reason: `${error.name}${code}`, stack: frames.join("\n") };
}
