import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, stateFolder } from "../private-files.ts";

/** Which names of an import are written. It holds names and no value, and is of one vault, one input and one set of flags. */
export interface Journal {
  readonly done: ReadonlySet<string>;
  /** Begins anew, whatever was written before. */
  clear(): void;
  add(name: string): void;
  /** Keeps it on the disk, readable by its owner only. */
  save(): void;
  remove(): void;
}

/** @param of what it is bound to: origin, bytes of the input, flags */
export function openJournal(
  of: readonly (string | Uint8Array)[],
  env: NodeJS.ProcessEnv,
): Journal & { readonly existed: boolean } {
  const hash = createHash("sha256");
  for (const part of of) {
    hash.update(String(part.length)).update(":").update(part);
  }
  const folder = stateFolder(env);
  const path = join(folder, `import-${hash.digest("hex").slice(0, 32)}.json`);
  const before = namesIn(path);
  const done = new Set(before);
  return {
    done,
    clear: () => done.clear(),
    existed: before !== undefined,
    add: (name) => void done.add(name),
    save() {
      makeFolder(folder);
      writeFileSync(`${path}.new`, JSON.stringify({ version: 1, done: [...done] }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

function namesIn(path: string): readonly string[] | undefined {
  try {
    const { done } = JSON.parse(readFileSync(path, "utf8")) as { readonly done?: unknown };
    return Array.isArray(done) ? done.map(String) : undefined;
  } catch {
    return undefined;
  }
}
