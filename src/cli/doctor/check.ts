import { OperatorError } from "../../base/index.ts";
import { CliFailure } from "../failure.ts";

type CheckName =
  | "node"
  | "environment"
  | "settings"
  | "files"
  | "vault"
  | "dns"
  | "tcp"
  | "tls"
  | "http2"
  | "server"
  | "clock"
  | "ready"
  | "token"
  | "database"
  | "schema"
  | "durability"
  | "key";

/** A moment, in Unix milliseconds, as its reader takes it: relative on a terminal, and absolute for scripts. */
export type TimeText = (unixMs: number) => string;

/** One line of the doctor. It holds no value, key or token. */
export interface Check {
  readonly name: CheckName;
  readonly state: "ok" | "warn" | "FAIL";
  readonly detail: string;
  /** What to do: a command, or a sentence. */
  readonly next: string | null;
}

/** Yields what it finds, and returns what the checks behind it need; undefined when they cannot run. */
export type Checking<T> = AsyncGenerator<Check, T | undefined>;

export function ok(name: CheckName, detail: string): Check {
  return { name, state: "ok", detail, next: null };
}

export function warn(name: CheckName, detail: string, next: string): Check {
  return { name, state: "warn", detail, next };
}

export function fail(name: CheckName, detail: string, next: string): Check {
  return { name, state: "FAIL", detail, next };
}

/**
 * What a command would fail with, as a check. Anything but a failure for people is a bug, and thrown on.
 *
 * @param next what to do about a failure of the machine, which does not say it itself
 */
export function failOf(name: CheckName, error: unknown, next: string): Check {
  if (error instanceof CliFailure) {
    return fail(name, error.message, error.next);
  }
  if (error instanceof OperatorError) {
    return fail(name, error.message, next);
  }
  throw error;
}
