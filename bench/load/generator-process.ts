import { join } from "node:path";
import { startTalking } from "../child.ts";
import type { Load, Outcome } from "./load.ts";

/** The load generator: one process for a whole run, so that it is warm. */
export interface Generator {
  run(load: Load): Promise<Outcome>;
  stop(): Promise<void>;
}

export function startGenerator(): Generator {
  const child = startTalking(join(import.meta.dirname, "generator.ts"));
  return {
    async run(load) {
      // Written by our own generator.
      const answer = JSON.parse(await child.ask(JSON.stringify(load))) as Outcome | { readonly error: string };
      if ("error" in answer) {
        throw new Error(`the load generator: ${answer.error}`);
      }
      return answer;
    },
    stop: child.stop,
  };
}
