/** Why a client command failed; each kind has its exit code (contract people.md, section 2). */
export type FailureKind =
  | "no"
  | "failed"
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
  failed: 1,
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

/** Of a code that is not known here the vault alone can say more. */
export function kindOfCode(code: string): FailureKind {
  return (Object.hasOwn(kindsOfCodes, code) ? kindsOfCodes[code] : undefined) ?? "bug";
}

interface FailureOptions {
  /** What to do next: a command, or a sentence. */
  readonly next: string;
  /** As scripts know it, for example `NOT_FOUND`; by default that of the kind. */
  readonly code?: string | undefined;
  /** Where the kind's own does not fit. */
  readonly exitCode?: number | undefined;
  /** Whether what was to be changed may have been changed. */
  readonly mayHaveHappened?: boolean;
  /** What the command came to all the same: scripts get it in the one line that tells the failure. */
  readonly result?: object | undefined;
}

/** A failure that is told in two lines. `message` is safe to show: it holds no value and no token. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly kind: FailureKind;
  /** Undefined: the sentence stands alone, and scripts get the code of the kind. */
  readonly code: string | undefined;
  readonly next: string;
  readonly exitCode: number;
  readonly mayHaveHappened: boolean;
  readonly result: object | undefined;

  constructor(kind: FailureKind, message: string, options: FailureOptions) {
    const { code, next, exitCode, mayHaveHappened = false, result } = options;
    super(message);
    this.result = result;
    this.kind = kind;
    this.mayHaveHappened = mayHaveHappened;
    this.code = code;
    this.next = next;
    this.exitCode = exitCode ?? exitCodes[kind];
  }

  /** The same failure, but for what is given. */
  with({ message = this.message, ...changes }: Partial<FailureOptions> & { readonly message?: string }): CliFailure {
    const { kind, code, next, exitCode, mayHaveHappened, result } = this;
    return new CliFailure(kind, message, { code, next, exitCode, mayHaveHappened, result, ...changes });
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
export function usage(message: string, next: string): CliFailure {
  return new CliFailure("usage", message, { next });
}

/** Ctrl-C, where it does not end the process by itself. */
export function interrupted(): CliFailure {
  return new CliFailure("interrupted", "interrupted", { next: "the same command again" });
}

/** A person has said no, or has not typed what was to be typed. */
export function declined(message: string): CliFailure {
  return new CliFailure("declined", message, { next: "the same command again, and another answer" });
}

/** A file of the user's that is not as the system would have it, by the code of the system. */
export function cannotRead(path: string, code: string | undefined): CliFailure {
  return usage(`${path} cannot be read (${code ?? "unknown"})`, systemAdvice(code, "read"));
}

export function cannotWrite(path: string, code: string | undefined): CliFailure {
  return usage(`${path} cannot be written (${code ?? "unknown"})`, systemAdvice(code, "write"));
}

const adviceOfCodes: Readonly<Record<string, string>> = {
  ENOENT: "check the path: there is nothing of that name",
  ENOTDIR: "check the path: a part of it is no folder",
  EISDIR: "the path of a file, and not of a folder",
  ENOSPC: "make room on the disk, or take another one",
  EDQUOT: "make room on the disk, or take another one",
  EROFS: "a folder on a disk that can be written",
  ENAMETOOLONG: "a shorter name",
  ELOOP: "check the path: its links go round in circles",
};

function systemAdvice(code: string | undefined, what: "read" | "write"): string {
  const known = code === undefined ? undefined : adviceOfCodes[code];
  return known ?? `make sure that you may ${what} it`;
}
