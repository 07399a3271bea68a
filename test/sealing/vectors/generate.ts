// Writes the golden vectors again: node test/sealing/vectors/generate.ts
// A format that was once released never changes: what this writes must differ only by vectors that were added.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { envelopeVectorsV1 } from "./envelope-v1.ts";
import { envelopeVectorsV2 } from "./envelope-v2.ts";

for (const [version, vectors] of [await envelopeVectorsV1(), await envelopeVectorsV2()].entries()) {
  const text = JSON.stringify(vectors, null, 2);
  writeFileSync(join(import.meta.dirname, `envelope-v${version + 1}.json`), `${text}\n`);
}
