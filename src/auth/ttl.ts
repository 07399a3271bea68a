const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const maxTtlMs = 3_650 * 86_400_000;

/**
 * Parses a token's time to live, a number and a unit: `90s`, `15m`, `12h`, `30d`. Returns milliseconds.
 *
 * @throws Error that states the expected format and quotes no input
 */
export function parseTtl(text: string): number {
  const match = /^([1-9][0-9]{0,9})([smhd])$/.exec(text);
  const ttlMs = Number(match?.[1]) * (unitMs[match?.[2] ?? ""] ?? Number.NaN);
  if (!(ttlMs <= maxTtlMs)) {
    throw new Error("a time to live is a number and s, m, h or d, such as 12h; at most 3650d");
  }
  return ttlMs;
}
