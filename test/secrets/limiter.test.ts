import fc from "fast-check";
import { momentOf } from "../../src/base/moment.ts";
import { zeqondAt, zeqondMs } from "../../src/base/zeqond.ts";
import { limitedForMs, maxDenials, windowZeqonds } from "../../src/secrets/limiter.ts";

const n = 2_289_605_501;

/** The rule as the contract says it. */
function isShut(denials: readonly number[], zeqond: number): boolean {
  return denials.filter((d) => 0 <= zeqond - d && zeqond - d < windowZeqonds).length >= maxDenials;
}

function limitedAt(denials: readonly number[], unixMs: number): number {
  return limitedForMs(denials, momentOf({ nowMs: () => unixMs }));
}

describe("the window of the denial limiter", () => {
  test.each<[string, boolean, readonly number[]]>([
    ["five denials now", true, Array(5).fill(n)],
    ["four denials now", false, Array(4).fill(n)],
    ["five denials of 59 Zeqonds ago", true, Array(5).fill(n - 59)],
    ["five denials of 60 Zeqonds ago", false, Array(5).fill(n - 60)],
    ["five denials of the next Zeqond", false, Array(5).fill(n + 1)],
    ["five denials of the next hour", false, Array(5).fill(n + 4_633)],
    ["a thousand denials of the next century", false, Array(1_000).fill(n + 4_000_000_000)],
    ["four denials now and one of the next Zeqond", false, [n, n, n, n, n + 1]],
    ["five denials now and five of the next hour", true, [...Array(5).fill(n), ...Array(5).fill(n + 4_633)]],
  ])("%s: shut is %s", (_what, shut, denials) => {
    expect(limitedAt(denials, n * zeqondMs) > 0).toBe(shut);
  });

  test("ends with the fifth latest denial of the past, whatever lies in the far future", () => {
    const past = [n - 50, n - 40, n - 30, n - 20, n - 10];
    expect(limitedAt([n + 4_633, ...past], n * zeqondMs)).toBe(10 * zeqondMs);
  });

  test("stays shut when denials of the near future come to count before it ends", () => {
    expect(limitedAt([...Array(5).fill(n), ...Array(5).fill(n + 30)], n * zeqondMs)).toBe(90 * zeqondMs);
    expect(limitedAt([...Array(5).fill(n), n + 30], n * zeqondMs)).toBe(60 * zeqondMs);
  });

  test("is shut exactly as the contract says, and opens exactly when it said it would", () => {
    const denial = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: n - 70, max: n + 70 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }) },
    );
    const moments = fc.integer({ min: n * zeqondMs, max: (n + 1) * zeqondMs - 1 });
    fc.assert(
      fc.property(fc.array(denial, { maxLength: 25 }), moments, (denials, unixMs) => {
        const waitMs = limitedAt(denials, unixMs);
        expect(waitMs > 0).toBe(isShut(denials, n));
        if (waitMs > 0) {
          const opens = zeqondAt(unixMs + waitMs);
          expect((unixMs + waitMs) % zeqondMs).toBe(0);
          expect(isShut(denials, opens)).toBe(false);
          for (let zeqond = n; zeqond < opens; zeqond++) {
            expect(isShut(denials, zeqond)).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
