// Writes the golden file of each step of a schema that has none yet: node test/store/golden/write.ts
// A step that was once released never changes: a file that is there is left as it is.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { steps, textOf } from "./steps.ts";

for (const step of steps) {
  const path = join(import.meta.dirname, step.file);
  if (existsSync(path)) {
    console.log(`${step.file} is there and stays`);
  } else {
    writeFileSync(path, textOf(step), { flag: "wx" });
    console.log(`${step.file} is written`);
  }
}
