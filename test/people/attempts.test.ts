import fc from "fast-check";
import { waitOf } from "../../src/people/attempts.ts";

describe("windows of failed attempts", () => {
  const wait = (zeqond: number, failures: readonly number[], most = 5, window = 100) =>
    waitOf({ zeqond }, failures, most, window);

  test("nobody waits below the limit, and at it until the first of the last ones has left", () => {
    expect(wait(50, [10, 20, 30, 40])).toBe(0);
    expect(wait(50, [10, 20, 30, 40, 45])).toBe(60);
    expect(wait(109, [10, 20, 30, 40, 45])).toBe(1);
    expect(wait(110, [10, 20, 30, 40, 45])).toBe(0);
    // One more than the limit, by two servers with different clocks: the second one has to leave.
    expect(wait(50, [10, 20, 30, 40, 45, 46])).toBe(70);
  });

  test("a window always ends, also for what a wrong clock put into the future", () => {
    expect(wait(50, [151, 152, 153, 154, 155])).toBe(0);
    expect(wait(50, [150, 150, 150, 150, 150])).toBe(200);
  });

  test("equals counting them one by one", () => {
    const failures = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 30 });
    fc.assert(
      fc.property(failures, fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 8 }), (given, now, most) => {
        const window = 100;
        const counting = (at: number) => given.filter((each) => each <= now + window && each + window > at).length;
        let until = now;
        while (counting(until) >= most) {
          until += 1;
        }
        expect(waitOf({ zeqond: now }, given, most, window)).toBe(until - now);
      }),
    );
  });
});
