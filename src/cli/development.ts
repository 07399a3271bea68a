import { statSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import type { Mode } from "../config/index.ts";
import { isOwn } from "./vault/development-folder.ts";

/** The option `--dev` of a command, and its opposite where it has one. */
export interface Development {
  readonly dev?: boolean;
}

export function developmentOption(): Option {
  return new Option("--dev", "development mode: keys and data in ZSC_DATA_DIR (.zsc), loopback only");
}

const ofProduction = ["ZSC_MODE", "ZSC_MASTER_KEY", "ZSC_JWT_SECRET", "ZSC_DATABASE_URL"];

/**
 * The mode of a command on the vault's own machine. Undefined: ZSC_MODE decides. Development is taken for granted where
 * nothing of production is set, and a development vault of the user's own lies in the folder (contract people.md, section 1).
 */
export function modeOf({ dev }: Development, env: NodeJS.ProcessEnv = process.env): Mode | undefined {
  if (dev !== undefined) {
    return dev ? "development" : undefined;
  }
  const isSet = ofProduction.some((name) => env[name] !== undefined || env[`${name}_FILE`] !== undefined);
  return !isSet && isOwnSecret(join(env["ZSC_DATA_DIR"] ?? ".zsc", "jwt.secret")) ? "development" : undefined;
}

/** `serve` never takes development for granted. */
export function modeOfServer({ dev }: Development): Mode | undefined {
  return dev === true ? "development" : undefined;
}

function isOwnSecret(path: string): boolean {
  try {
    return isOwn(statSync(join(path, ".."))) && isOwn(statSync(path));
  } catch {
    return false;
  }
}
