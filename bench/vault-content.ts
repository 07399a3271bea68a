/** Who owns every secret of the benchmarks, and reads them. */
export const ownerZid = "ZEQ-BENCH";

/** Bytes of every value. */
export const valueBytes = 100;

/** All names have the same length, so that all calls have. */
export function secretName(number: number): string {
  return `bench-secret-${String(number).padStart(7, "0")}`;
}

export function secretValue(number: number): string {
  return `value of ${secretName(number)} `.padEnd(valueBytes, "v");
}
