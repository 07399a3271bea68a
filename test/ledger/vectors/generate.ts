// Writes the golden vectors again: node test/ledger/vectors/generate.ts
// A format that was once released never changes: what this writes must differ only by vectors that were added.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rowVectors } from "./rows-v1.ts";

const text = JSON.stringify(rowVectors(), null, 2);
writeFileSync(join(import.meta.dirname, "rows-v1.json"), `${text}\n`);
