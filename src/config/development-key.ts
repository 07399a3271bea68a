import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { errorCode, OperatorError, Plaintext } from "../base/index.ts";

type DevelopmentKeyFile = "master.key" | "jwt.secret";

/**
 * Reads the key from a file of the data folder. A missing file is created with a new key, readable by its owner only.
 * When several processes start at once, all use the key of the first. Each key is 32 random bytes as 64 hex digits.
 *
 * @throws OperatorError when the folder is unusable or the file holds no key; the message names the path
 */
export function ensureDevelopmentKey(dataDir: string, file: DevelopmentKeyFile): Plaintext {
  const path = join(dataDir, file);
  return ofDataDir(path, () => {
    ensureDataDir(dataDir);
    return readKey(path) ?? createKey(path);
  });
}

/**
 * The same of a key that must exist: makes nothing.
 *
 * @throws OperatorError also when there is no such file
 */
export function readDevelopmentKey(dataDir: string, file: DevelopmentKeyFile): Plaintext {
  const path = join(dataDir, file);
  return ofDataDir(path, () => {
    const key = statSync(dataDir, { throwIfNoEntry: false }) && readKey(path);
    if (key === undefined) {
      throw new OperatorError(`${path} does not exist: a development server makes it when it starts`);
    }
    refuseForeign(dataDir, statSync(dataDir), "700");
    return key;
  });
}

function ofDataDir(path: string, work: () => Plaintext): Plaintext {
  try {
    return work();
  } catch (error) {
    if (error instanceof OperatorError) {
      throw error;
    }
    throw new OperatorError(`${path} cannot be read or made (${errorCode(error) ?? "unknown"}): check ZSC_DATA_DIR`);
  }
}

/**
 * Creates the data folder, accessible by its owner only, unless it exists.
 *
 * @throws OperatorError when another user owns it or has access to it: that user could have planted keys
 */
export function ensureDataDir(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  refuseForeign(dataDir, statSync(dataDir), "700");
}

function refuseForeign(path: string, { uid, mode }: Stats, wanted: string): void {
  const own = process.geteuid?.();
  if (own === undefined) {
    return;
  }
  if (uid !== own) {
    throw new OperatorError(`${path} belongs to another user: set ZSC_DATA_DIR to a folder of your own`);
  }
  if ((mode & 0o077) !== 0) {
    throw new OperatorError(`${path} is open to other users: chmod ${wanted} ${path}`);
  }
}

function readKey(path: string): Plaintext | undefined {
  try {
    const text = readOwn(path).replace(/\r?\n$/, "");
    if (!/^[0-9a-f]{64}$/.test(text)) {
      throw new OperatorError(`${path} holds no key: put the right one back; without it the data cannot be opened`);
    }
    return Plaintext.fromString(text);
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

function readOwn(path: string): string {
  const file = openSync(path, "r");
  try {
    refuseForeign(path, fstatSync(file), "600");
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** link(2) is atomic and never replaces a file: no process reads a partial key, and the first process wins. */
function createKey(path: string): Plaintext {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    writeDurably(draft, `${randomBytes(32).toString("hex")}\n`);
    linkSync(draft, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") {
      throw error;
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const key = readKey(path);
  if (key === undefined) {
    throw new OperatorError(`${path} vanished while it was made`);
  }
  return key;
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
