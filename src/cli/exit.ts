import { CommanderError } from "commander";
import { OperatorError } from "../base/index.ts";
import type { Terminal } from "./terminal.ts";

/** 0: done. 1: the answer is no, or the start failed. */
const failedExitCode = 1;
/** The command line is wrong; or, for `audit verify`, it could not look: 1 is kept for what was tampered with. */
export const usageExitCode = 2;

/** Tells why a command failed, and answers its exit code. */
export function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : usageExitCode;
  }
  if (error instanceof OperatorError) {
    terminal.note(`zsc: ${error.message}`);
  } else {
    terminal.note(`zsc: a bug: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return failedExitCode;
}
