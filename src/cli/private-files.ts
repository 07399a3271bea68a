import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../base/index.ts";
import { cannotWrite, usage } from "./failure.ts";

const lockWaitMs = 2_000;
const lockLookMs = 20;

/** Where what a command remembers is kept: the history of the shell, journals of imports. */
export function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  return join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "zsc");
}

/** What others can read is not used. @throws CliFailure with the line that mends it */
export function requirePrivate(path: string): void {
  try {
    const { uid, mode } = statSync(path);
    const own = process.geteuid?.();
    if (own !== undefined && uid !== own) {
      throw usage(`${path} belongs to another user`, "take it away, or set XDG_CONFIG_HOME to a folder of your own");
    }
    if (own !== undefined && (mode & 0o077) !== 0) {
      throw usage(`${path} is open to other users`, `chmod 600 ${path}`);
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw error;
    }
  }
}

/** One after the other: `recursive` goes round in circles where a parent can neither be found nor made (/proc). */
export function makeFolder(path: string): void {
  if (existsSync(path)) {
    return;
  }
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") {
      throw error;
    }
  }
}

/** Works under the lock of a folder, which is made when there is none. @throws CliFailure */
export async function locked(folder: string, work: () => void): Promise<void> {
  const lock = join(folder, "lock");
  try {
    makeFolder(folder);
  } catch (error) {
    throw usage(
      `${folder} cannot be made (${errorCode(error) ?? "unknown"})`,
      "set XDG_CONFIG_HOME and XDG_STATE_HOME",
    );
  }
  for (const giveUpAtMs = Date.now() + lockWaitMs; ; await sleep(lockLookMs)) {
    try {
      closeSync(openSync(lock, "wx", 0o600));
      break;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") {
        throw cannotWrite(folder, errorCode(error));
      }
      if (Date.now() > giveUpAtMs) {
        throw usage(`another zsc holds ${lock}`, `when none runs: rm ${lock}`);
      }
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A file that only its owner can read, written beside and renamed: whoever reads meanwhile sees the one or the other. */
export function writeWhole(path: string, text: string): void {
  const beside = join(dirname(path), `.${process.pid}.new`);
  try {
    const file = openSync(beside, "wx", 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw cannotWrite(path, errorCode(error));
  }
}
