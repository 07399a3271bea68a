/** The system's clock tick: 777 ms (contract, section 1). */
export const zeqondMs = 777;

/** How long a secret stays sealed under one key before the daemon reseals it, in Zeqonds (18.6 h). */
export const rotationZeqonds = 86_400;

/** The Zeqond of a point in time: whole ticks since the Unix epoch. */
export function zeqondAt(unixMs: number): number {
  return Math.floor(unixMs / zeqondMs);
}
