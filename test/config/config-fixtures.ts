import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../src/config/config-error.ts";

/** A folder of its own for each test, gone afterwards. */
export function useFolder() {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "zsc-config-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  const writeBytes = (name: string, bytes: Uint8Array, mode = 0o600) => {
    writeFileSync(path(name), bytes);
    chmodSync(path(name), mode);
    return path(name);
  };
  const write = (name: string, text: string, mode?: number) => writeBytes(name, Buffer.from(text, "utf8"), mode);
  return { path, write, writeBytes };
}

export const masterKey = "0f".repeat(32);
export const jwtSecret = "canary-jwt-secret-of-more-than-32-bytes";

export const production = {
  ZSC_MODE: "production",
  ZSC_MASTER_KEY: masterKey,
  ZSC_JWT_SECRET: jwtSecret,
  ZSC_DATABASE_URL: "mysql://zsc:canary-password@db.example:3307/vault",
} as const;

/** The problems with which `act` fails. */
export function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}
