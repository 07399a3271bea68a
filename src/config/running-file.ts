import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, OperatorError } from "../base/index.ts";

/** What a development server says of itself while it listens, for the commands of its folder (contract people.md, section 1). */
interface RunningServer {
  /** An origin on loopback. */
  readonly url: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly started: string;
}

const fileName = "vault.json";

export function runningFilePath(dataDir: string): string {
  return join(dataDir, fileName);
}

/** Beside and renamed: a command that reads meanwhile sees the one or the other. */
export function writeRunningFile(dataDir: string, running: RunningServer): void {
  const path = runningFilePath(dataDir);
  const draft = `${path}.${running.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(running)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new OperatorError(`${path} cannot be written (${errorCode(error) ?? "unknown"}). Check ZSC_DATA_DIR.`);
  }
}

/** Removes the file of this very server: another one may have started in the folder meanwhile. */
export function removeRunningFile(dataDir: string, pid: number): void {
  const path = runningFilePath(dataDir);
  if (tryParseRunning(tryRead(path) ?? "")?.pid === pid) {
    rmSync(path, { force: true });
  }
}

/** Null for a text that no server wrote. */
export function tryParseRunning(text: string): RunningServer | null {
  try {
    const { url, pid, started } = JSON.parse(text);
    const isOne = typeof url === "string" && Number.isSafeInteger(pid) && pid > 0 && typeof started === "string";
    return isOne ? { url, pid, started } : null;
  } catch {
    return null;
  }
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
