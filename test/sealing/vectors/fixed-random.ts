import { createHash } from "node:crypto";
import type { RandomBytes } from "../../../src/sealing/aead.ts";

/** A stream of bytes that looks random and is the same each time: SHA-256 of the seed and a counter. */
export function fixedRandom(seed: string): RandomBytes {
  let calls = 0;
  return (size) => {
    calls += 1;
    return createHash("shake256", { outputLength: size }).update(`${seed}/${calls}`).digest();
  };
}
