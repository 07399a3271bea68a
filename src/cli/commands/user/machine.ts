import { OperatorError, VaultError, type VaultErrorCode } from "../../../base/index.ts";
import { loadConfig } from "../../../config/index.ts";
import type { OperatorLedger } from "../../../operator-ledger.ts";
import { type Development, modeOf } from "../../development.ts";
import { CliFailure, kindsOfCodes, usage } from "../../failure.ts";

/** The flags of every command on the vault's own machine that prints a document. */
export interface MachineFlags extends Development {
  readonly json?: boolean;
}

/**
 * Works through the vault's database, beside a running server or without one.
 *
 * @param makesVault whether an empty database may become a vault by it
 * @throws CliFailure
 */
export async function onMachine<T>(
  flags: MachineFlags,
  makesVault: boolean,
  work: (ledger: OperatorLedger) => Promise<T>,
): Promise<T> {
  try {
    const config = loadConfig(process.env, { mode: modeOf(flags), makesKeys: makesVault });
    const { withLedger } = await import("../../../operator-ledger.ts");
    return await withLedger(config, makesVault, work);
  } catch (error) {
    throw failureOnMachine(error);
  }
}

const nexts: Partial<Readonly<Record<VaultErrorCode, string>>> = {
  NOT_FOUND: "zsc user list",
  FORBIDDEN: "zsc user create EMAIL --owner",
  LIMIT_EXCEEDED: "zsc user list --contains TEXT",
  STORE_UNAVAILABLE: "zsc user list, once the database runs and ZSC_DATABASE_URL leads to it",
  SEAL_BROKEN: "zsc audit verify",
};

/** What a failure of the vault or of its settings is to people; anything else stays what it is. */
export function failureOnMachine(error: unknown): unknown {
  if (error instanceof OperatorError) {
    return usage(error.message);
  }
  const kind = error instanceof VaultError ? kindsOfCodes[error.code] : undefined;
  if (!(error instanceof VaultError) || kind === undefined) {
    return error;
  }
  const { code, message } = error;
  const next = nexts[code];
  return new CliFailure(kind, message, next === undefined ? { code } : { code, next });
}
