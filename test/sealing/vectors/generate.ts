// Writes the golden vectors again: node test/sealing/vectors/generate.ts
// A format that was once released never changes: what this writes must differ only by vectors that were added.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { envelopeVectors } from "./envelope-v1.ts";

const text = JSON.stringify(await envelopeVectors(), null, 2);
writeFileSync(join(import.meta.dirname, "envelope-v1.json"), `${text}\n`);
