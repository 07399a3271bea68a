import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../src/base/log.ts";
import type { TokenRole } from "../../src/base/principal.ts";
import { startVault } from "../../src/compose.ts";
import { loadConfig } from "../../src/config/load.ts";
import { freshKeys, tokenOf } from "../e2e/support/tokens.ts";

/** A whole vault in this very process, on SQLite. */
export interface VaultHere {
  readonly port: number;
  tokenOf(role: TokenRole, zid: string): Promise<string>;
  stop(): Promise<void>;
}

export async function openVaultHere(): Promise<VaultHere> {
  const folder = mkdtempSync(join(tmpdir(), "zsc-limits-"));
  const { masterKey, jwtSecret } = freshKeys();
  const config = loadConfig({
    ZSC_MASTER_KEY: masterKey,
    ZSC_JWT_SECRET: jwtSecret,
    ZSC_DATABASE_URL: `sqlite:${join(folder, "zsc.db")}`,
    ZSC_LISTEN: "127.0.0.1:0",
    ZSC_SHUTDOWN_SECONDS: "1",
  });
  const vault = await startVault(config, silent);
  return {
    port: vault.address.port,
    tokenOf: (role, zid) => tokenOf(jwtSecret, role, zid),
    async stop() {
      await vault.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
