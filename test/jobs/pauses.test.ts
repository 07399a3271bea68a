import { Pauses } from "../../src/jobs/pauses.ts";

const hourMs = 3_600_000;

describe("pauses after failures", () => {
  test("double, up to an hour, and begin anew after a success", () => {
    const pauses = new Pauses(1_000_000);
    let nowMs = 5_000_000;
    const lengths = Array.from({ length: 5 }, () => {
      pauses.failed("a", nowMs);
      let ms = 0;
      while (!pauses.isOver("a", nowMs + ms)) {
        ms += 100_000;
      }
      nowMs += ms;
      return ms;
    });
    expect(lengths).toEqual([1_000_000, 2_000_000, hourMs, hourMs, hourMs]);
    pauses.succeeded("a");
    pauses.failed("a", nowMs);
    expect([pauses.isOver("a", nowMs + 999_999), pauses.isOver("a", nowMs + 1_000_000)]).toEqual([false, true]);
  });

  test("are each name's own, nearly always, and never longer than an hour however many fail", () => {
    const pauses = new Pauses(1_000);
    for (let index = 0; index < 200_000; index++) {
      pauses.failed(`failing ${index}`, 0);
    }
    expect(pauses.isOver("failing 7", 0)).toBe(false);
    expect(pauses.isOver("failing 7", hourMs)).toBe(true);
    const few = new Pauses(1_000);
    few.failed("a", 0);
    expect(few.isOver("b", 0)).toBe(true);
  });

  test("do not outlive a clock that was put back", () => {
    const pauses = new Pauses(1_000);
    pauses.failed("a", 100 * hourMs);
    expect(pauses.isOver("a", 1_000)).toBe(true);
  });
});
