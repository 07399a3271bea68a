import type { AnyTable } from "./ledger/index.ts";
import { peopleTables } from "./people/index.ts";
import { tables as secretTables } from "./secrets/index.ts";
import { vaultTables } from "./vaults/index.ts";

/** Every table of a vault's database. */
export const tables: readonly AnyTable[] = [...secretTables, ...peopleTables, ...vaultTables];
