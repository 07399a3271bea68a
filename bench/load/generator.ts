// The load generator's process: a load a line in, an outcome a line out, one after the other.
import { createInterface } from "node:readline";
import type { Load } from "./load.ts";
import { runLoad } from "./run-load.ts";

for await (const line of createInterface({ input: process.stdin })) {
  // Written by the process that started this one.
  const load = JSON.parse(line) as Load;
  try {
    process.stdout.write(`${JSON.stringify(await runLoad(load))}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
  }
}
