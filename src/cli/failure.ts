/** Why a client command failed; each kind has its exit code (contract people.md, section 2). */
export type FailureKind =
  | "no"
  | "usage"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "wait"
  | "no_answer"
  | "declined"
  | "bug"
  | "interrupted";

export const exitCodes: Readonly<Record<FailureKind, number>> = {
  no: 1,
  usage: 2,
  unauthenticated: 3,
  forbidden: 4,
  not_found: 5,
  conflict: 6,
  wait: 7,
  no_answer: 8,
  declined: 9,
  bug: 10,
  interrupted: 130,
};

/** The kinds of what a vault says (docs/errors.md). */
export const kindsOfCodes: Readonly<Record<string, FailureKind>> = {
  INVALID_ARGUMENT: "usage",
  MESSAGE_TOO_LARGE: "usage",
  LIMIT_EXCEEDED: "usage",
  UNAUTHENTICATED: "unauthenticated",
  FORBIDDEN: "forbidden",
  DENIED: "forbidden",
  NOT_FOUND: "not_found",
  CONFLICT: "conflict",
  RATE_LIMITED: "wait",
  OVERLOADED: "wait",
  STORE_UNAVAILABLE: "no_answer",
  ISSUER_UNAVAILABLE: "no_answer",
  SEAL_BROKEN: "bug",
};

interface FailureOptions {
  /** As scripts know it, for example `NOT_FOUND`; by default that of the kind. */
  readonly code?: string;
  /** What to do next: a command, or a sentence. */
  readonly next?: string;
  /** Where the kind's own does not fit. */
  readonly exitCode?: number;
  /** Whether what was to be changed may have been changed. */
  readonly mayHaveHappened?: boolean;
}

/** A failure that is told in two lines. `message` is safe to show: it holds no value and no token. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly kind: FailureKind;
  /** Undefined: the sentence stands alone, and scripts get the code of the kind. */
  readonly code: string | undefined;
  readonly next: string | undefined;
  readonly exitCode: number;
  readonly mayHaveHappened: boolean;

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    const { code, next, exitCode, mayHaveHappened = false } = options;
    super(message);
    this.kind = kind;
    this.mayHaveHappened = mayHaveHappened;
    this.code = code;
    this.next = next;
    this.exitCode = exitCode ?? exitCodes[kind];
  }
}

/** A command ends with a code, and has told everything itself. */
export class ToldExit extends Error {
  override readonly name = "ToldExit";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** The command line, a setting or a file is wrong; nothing was sent. */
export function usage(message: string, next?: string): CliFailure {
  return new CliFailure("usage", message, next === undefined ? {} : { next });
}
