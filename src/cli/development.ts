import { Option } from "commander";
import type { Mode } from "../config/index.ts";

/** The option `--dev` of a command. */
export interface Development {
  readonly dev?: boolean;
}

export function developmentOption(): Option {
  return new Option("--dev", "development mode: keys and data in ZSC_DATA_DIR (.zsc), loopback only");
}

/** Undefined: ZSC_MODE decides. */
export function modeOf({ dev }: Development): Mode | undefined {
  return dev === true ? "development" : undefined;
}
