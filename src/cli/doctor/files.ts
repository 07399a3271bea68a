import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../base/index.ts";
import { runningFilePath } from "../../config/index.ts";
import { shellWord } from "../output/shell-word.ts";
import { stateFolder } from "../private-files.ts";
import type { VaultFlags } from "../vault/choose.ts";
import type { UserFiles } from "../vault/user-files.ts";
import { type Check, fail, failOf, ok, warn } from "./check.ts";

interface Given {
  readonly flags: VaultFlags;
  readonly env: NodeJS.ProcessEnv;
  readonly files: UserFiles;
}

/** The user's own files, as far as there are any: whether they can be read, and who else can. */
export function checkFiles({ flags, env, files }: Given): readonly Check[] {
  const dataFolder = env["ZSC_DATA_DIR"] ?? ".zsc";
  const tokenFile = flags.tokenFile ?? env["ZSC_TOKEN_FILE"];
  const found = [
    ofMode(files.folder, 0o700),
    ofContent(join(files.folder, "config.json"), () => files.readConfig()),
    ofContent(join(files.folder, "sessions.json"), () => files.readSessions()),
    ofMode(stateFolder(env), 0o700),
    ...(mayBeOfFolder(flags, env) ? [ofMode(dataFolder, 0o700), ofMode(runningFilePath(dataFolder), 0o600)] : []),
    tokenFile === undefined ? undefined : ofTokenFile(tokenFile),
  ].filter((check) => check !== undefined);
  return found.length > 0 ? found : [ok("files", `none yet: ${files.folder} is made by zsc login`)];
}

/** Whether the development vault of the folder is asked for at all. */
function mayBeOfFolder({ dev, url, profile }: VaultFlags, env: NodeJS.ProcessEnv): boolean {
  const another = [url, profile, env["ZSC_URL"], env["ZSC_PROFILE"]].some((each) => each !== undefined);
  return dev ?? !another;
}

/** A folder or file that is its owner's alone; undefined when there is none. */
function ofMode(path: string, wanted: 0o700 | 0o600): Check | undefined {
  return ofStats(path, ({ uid, mode }) => {
    const own = process.geteuid?.();
    if (own === undefined) {
      return ok("files", path);
    }
    const next = `chmod ${wanted.toString(8)} ${shellWord(path)}`;
    if (uid !== own) {
      return fail("files", `${path} belongs to another user`, "take a folder of your own");
    }
    if ((mode & 0o022) !== 0) {
      return fail("files", `${path} can be written by other users${shown(mode)}`, next);
    }
    return (mode & 0o077) === 0
      ? ok("files", `${path}${shown(mode)}`)
      : warn("files", `${path} is open to other users${shown(mode)}`, next);
  });
}

/** A file that commands refuse when it is broken, or lies open. */
function ofContent(path: string, read: () => unknown): Check | undefined {
  return ofStats(path, ({ mode }) => {
    read();
    return (mode & 0o022) === 0 || process.geteuid === undefined
      ? ok("files", `${path}${shown(mode)}`)
      : fail("files", `${path} can be written by other users${shown(mode)}`, `chmod 600 ${shellWord(path)}`);
  });
}

/** It may be another user's who hands it out: a secret that an orchestrator mounts, for example. */
function ofTokenFile(path: string): Check | undefined {
  return ofStats(path, ({ mode }) =>
    (mode & 0o077) === 0 || process.geteuid === undefined
      ? ok("files", `${path}${shown(mode)}`)
      : warn("files", `${path} is open to other users${shown(mode)}`, `chmod 600 ${shellWord(path)}`),
  );
}

function ofStats(path: string, judge: (stats: Stats) => Check): Check | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : judge(stats);
  } catch (error) {
    const code = errorCode(error);
    return code === undefined
      ? failOf("files", error, "mend it, or move it away")
      : fail("files", `${path} cannot be looked at (${code})`, "check the modes of the folders above it");
  }
}

function shown(mode: number): string {
  return ` (${(mode & 0o777).toString(8).padStart(4, "0")})`;
}
