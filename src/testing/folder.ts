import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of this process's own. */
export interface PrivateFolder {
  readonly path: string;
  remove(): void;
}

const folders = new Set<string>();

/**
 * Gone when it is removed, and at the latest when the process exits. One that is killed leaves it behind: what is sealed in
 * it was sealed under a key that is nowhere any more.
 */
export function openPrivateFolder(): PrivateFolder {
  const path = mkdtempSync(join(tmpdir(), `zsc-test-${process.pid}-`));
  folders.add(path);
  process.removeListener("exit", removeAll).on("exit", removeAll);
  return {
    path,
    remove() {
      remove(path);
      folders.delete(path);
      if (folders.size === 0) {
        process.removeListener("exit", removeAll);
      }
    },
  };
}

function removeAll(): void {
  folders.forEach(remove);
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}
