import { lstatSync, readFileSync, type Stats, statSync } from "node:fs";
import { errorCode } from "../../base/index.ts";
import { runningFilePath, tryParseRunning } from "../../config/index.ts";
import { type CliFailure, usage } from "../failure.ts";
import { isLoopbackHost } from "./url.ts";

/** The development vault that runs from a folder (contract people.md, section 1). */
export interface DevelopmentVault {
  /** As it was given, for people. */
  readonly folder: string;
  readonly url: string;
}

/**
 * The development vault of a folder; undefined when there is no such folder.
 *
 * @throws CliFailure when there is the folder, and anything of it is not as it must be: whoever means the vault to play with
 * must not reach the real one
 */
export function findDevelopmentVault(folder: string): DevelopmentVault | undefined {
  const folderStats = statsOf(folder);
  if (folderStats === undefined) {
    return undefined;
  }
  requireOwn(folder, folderStats);
  const path = runningFilePath(folder);
  const fileStats = statsOf(path);
  if (fileStats === undefined) {
    throw refused(`the development vault of ${folder} does not run`, "start it: npx zsc serve --dev");
  }
  requireOwn(path, fileStats);
  const running = tryParseRunning(readFileSync(path, "utf8"));
  if (running === null) {
    throw refused(`${path} is not what a development vault writes`, "remove the file");
  }
  const { url, pid } = running;
  const parsed = URL.parse(url);
  if (parsed === null || parsed.origin !== url || !isLoopbackHost(parsed.hostname)) {
    throw refused(`${path} names a URL that is not this machine's`, "remove the file");
  }
  if (!lives(pid)) {
    throw refused(`the server that ${path} names has ended`, "start it: npx zsc serve --dev");
  }
  return { folder, url };
}

/** Whether nobody but the user who runs the command can have written a file or folder. */
export function isOwn({ uid, mode }: Stats): boolean {
  const own = process.geteuid?.();
  return own === undefined || (uid === own && (mode & 0o022) === 0);
}

function requireOwn(path: string, stats: Stats): void {
  if (!isOwn(stats)) {
    const belongs = process.geteuid?.() !== undefined && stats.uid !== process.geteuid?.();
    throw belongs
      ? refused(`${path} belongs to another user`, "set ZSC_DATA_DIR to a folder of your own")
      : refused(`${path} can be written by other users`, `chmod go-w ${path}`);
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Ended, and its parent has not asked how: common in containers without an init. Linux alone tells it in a file. */
function isZombie(pid: number): boolean {
  try {
    return / Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if ((errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") && !isLink(path)) {
      return undefined;
    }
    throw refused(
      `${path} cannot be looked at (${errorCode(error) ?? "unknown"})`,
      "make sure that you may read the folders above it",
    );
  }
}

/** One that leads nowhere is there all the same: what it led to may be away for a moment. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function refused(message: string, next: string): CliFailure {
  return usage(message, `${next}, or leave it aside with --no-dev`);
}
