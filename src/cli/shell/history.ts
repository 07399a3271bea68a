import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../base/index.ts";
import { CliFailure, cannotRead } from "../failure.ts";
import { locked, requirePrivate, stateFolder, writeWhole } from "../private-files.ts";

const maxLines = 1_000;
/** Ours is far smaller. */
const maxFileBytes = 16_777_216;
const maxLineLength = 4_096;

/** The lines of earlier shells and of this one. */
export interface History {
  /** Newest first. */
  readonly lines: readonly string[];
  /** For this shell only: a line that failed may be mended, and what stands in it is not known. */
  recall(line: string): void;
  /** On the disk, too. */
  keep(line: string): Promise<void>;
}

/**
 * The history of the shell, in a file that only its owner can read.
 *
 * @param tell told once why there is none
 */
export function openHistory(env: NodeJS.ProcessEnv, tell: (why: string) => void): History {
  const folder = stateFolder(env);
  const path = join(folder, "pulse-history");
  let isUsable = true;
  const giveUp = (error: unknown): void => {
    if (!(error instanceof CliFailure)) {
      throw error;
    }
    isUsable = false;
    tell(`no history is kept: ${error.message}${error.next === undefined ? "" : ` (${error.next})`}`);
  };
  let lines: string[] = [];
  try {
    lines = readLines(path).toReversed();
  } catch (error) {
    giveUp(error);
  }
  const recall = (line: string): void => {
    if (mayBeKept(line) && lines[0] !== line) {
      lines = [line, ...lines].slice(0, maxLines);
    }
  };
  return {
    get lines() {
      return lines;
    },
    recall,
    async keep(typed) {
      const line = typed.replace(/(?<!\\)\s+$/, "");
      recall(line);
      if (isUsable && mayBeKept(line)) {
        await locked(folder, () => append(path, line)).catch(giveUp);
      }
    },
  };
}

/** Quotes do not hide `--value`. A blank before a line keeps it out, as in other shells. */
function mayBeKept(line: string): boolean {
  const hasValue = line.replace(/["'\\]/g, "").includes("--value");
  return !hasValue && !/^\s|\p{Cc}/u.test(line) && line.length <= maxLineLength;
}

/** What other shells have written meanwhile stays. */
function append(path: string, line: string): void {
  const before = readLines(path);
  if (before.at(-1) !== line) {
    writeWhole(
      path,
      [...before, line]
        .slice(-maxLines)
        .map((each) => `${each}\n`)
        .join(""),
    );
  }
}

/** @throws CliFailure when others can read it */
function readLines(path: string): readonly string[] {
  requirePrivate(path);
  try {
    if (statSync(path).size > maxFileBytes) {
      return [];
    }
    const lines = readFileSync(path, "utf8").split("\n");
    return lines.filter((line) => line !== "" && mayBeKept(line)).slice(-maxLines);
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return [];
    }
    throw cannotRead(path, errorCode(error));
  }
}
