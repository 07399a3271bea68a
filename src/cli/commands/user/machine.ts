import { OperatorError, VaultError, type VaultErrorCode } from "../../../base/index.ts";
import { ConfigError, loadConfig } from "../../../config/index.ts";
import type { OperatorLedger } from "../../../operator-ledger.ts";
import { modeOf } from "../../development.ts";
import { lookAtServer } from "../../exit.ts";
import { CliFailure, kindsOfCodes, usage } from "../../failure.ts";
import { type MachineFlags, tellMachine } from "../../machine-command.ts";
import type { Terminal } from "../../terminal.ts";

/**
 * Works through the vault's database, beside a running server or without one.
 *
 * @param makesVault whether an empty database may become a vault by it
 * @throws CliFailure
 */
export async function onMachine<T>(
  { flags, terminal }: { readonly flags: MachineFlags; readonly terminal: Terminal },
  makesVault: boolean,
  work: (ledger: OperatorLedger) => Promise<T>,
): Promise<T> {
  try {
    const config = loadConfig(process.env, { mode: modeOf(flags), makesKeys: makesVault });
    const { placeOf } = await import("../../../compose.ts");
    const { withLedger } = await import("../../../operator-ledger.ts");
    tellMachine(terminal, flags, { ...config, database: placeOf(config.database) });
    return await withLedger(config, makesVault, work);
  } catch (error) {
    throw failureOnMachine(error);
  }
}

const nexts: Partial<Readonly<Record<VaultErrorCode, string>>> = {
  CONFLICT: "zsc user list, then the same command",
  INVALID_ARGUMENT: "mend what it names: --help of the command says what it takes",
  NOT_FOUND: "zsc user list",
  FORBIDDEN: "zsc user create EMAIL --owner",
  LIMIT_EXCEEDED: "zsc user list --contains TEXT",
  STORE_UNAVAILABLE: "zsc user list, once the database runs and ZSC_DATABASE_URL leads to it",
  SEAL_BROKEN: "zsc audit verify",
};

/** What a failure of the vault or of its settings is to people; anything else stays what it is. */
export function failureOnMachine(error: unknown): unknown {
  if (error instanceof OperatorError) {
    const message = error instanceof ConfigError ? error.problems.join("; ") : error.message;
    return usage(message, lookAtServer);
  }
  const kind = error instanceof VaultError ? kindsOfCodes[error.code] : undefined;
  if (!(error instanceof VaultError) || kind === undefined) {
    return error;
  }
  const { code, message } = error;
  return new CliFailure(kind, message, { code, next: nexts[code] ?? lookAtServer });
}
