// Writes the golden vectors again: node test/e2e/vectors/generate.ts, then npx biome format --write test/e2e/vectors
// A row that was once released never changes: what this writes must differ only by calls that were added.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { closeVaults, openVault } from "../support/vault.ts";
import { rowsOfCalls } from "./rows-of-calls.ts";

try {
  const text = JSON.stringify(await rowsOfCalls(await openVault()), null, 2);
  writeFileSync(join(import.meta.dirname, "rows-of-calls.json"), `${text}\n`);
} finally {
  await closeVaults();
}
