import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorCode } from "../base/index.ts";
import { type CliFailure, cannotWrite, interrupted, usage } from "./failure.ts";

/** A file that is there whole, or not at all. */
export interface NewFile {
  write(bytes: Uint8Array | string): void;
  /** Makes it appear under its name. */
  keep(): void;
  /** Leaves nothing behind; after `keep` it does nothing. */
  discard(): void;
}

/** They end the process without an `exit` event, and would leave half a file behind. */
const endings = [
  ...(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGXCPU", "SIGABRT"] as const),
];

/**
 * Opens a new file that only its owner can read. It appears under its name when it is kept; what is there by then is
 * not written over.
 *
 * @throws CliFailure, as its methods do, with the name of the file
 */
export function openNewFile(path: string): NewFile {
  // A link that leads nowhere is there all the same.
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw existing(path);
  }
  const beside = join(dirname(path), `.zsc-${randomBytes(6).toString("hex")}.new`);
  let file: number | undefined;
  const end = (signal: NodeJS.Signals) => {
    close();
    process.kill(process.pid, signal);
  };
  const close = () => {
    for (const signal of endings) {
      process.off(signal, end);
    }
    process.off("exit", close);
    if (file !== undefined) {
      closeSync(file);
      rmSync(beside, { force: true });
      file = undefined;
    }
  };
  // Before there is a file, so that no signal finds one that nobody would remove.
  for (const signal of endings) {
    process.on(signal, end);
  }
  process.on("exit", close);
  const attempt = (work: (file: number) => void) => {
    const own = file;
    if (own === undefined) {
      throw interrupted();
    }
    try {
      named(path, () => work(own));
    } catch (error) {
      close();
      throw error;
    }
  };
  try {
    file = named(path, () => openSync(beside, "wx", 0o600));
  } catch (error) {
    close();
    throw error;
  }
  return {
    write: (bytes) => attempt((own) => writeFileSync(own, bytes)),
    keep() {
      attempt((own) => {
        fsyncSync(own);
        appear(beside, path);
      });
      close();
    },
    discard: close,
  };
}

/** A link, unlike a rename, fails when there is such a file; not every file system has links. */
function appear(beside: string, path: string): void {
  try {
    linkSync(beside, path);
  } catch (error) {
    const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
    if (isThere || !withoutLinks.has(errorCode(error) ?? "")) {
      throw error;
    }
    renameSync(beside, path);
  }
}

const withoutLinks: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = errorCode(error) ?? "unknown";
    throw code === "EEXIST" ? existing(path) : cannotWrite(path, code);
  }
}

function existing(path: string): CliFailure {
  return usage(`${path} exists, and is not written over`, "another name, or move the file away");
}
