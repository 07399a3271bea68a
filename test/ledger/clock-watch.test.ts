import { watchClock } from "../../src/ledger/clock-watch.ts";

/** A clock that anybody can set, and one that nobody can. */
function scene() {
  let steadyMs = 5_000;
  let wallMs = Date.parse("2026-05-17T13:11:14.000Z");
  const lines: string[] = [];
  const say = (fields: { readonly reason?: string }, message: string) => void lines.push(fields.reason ?? message);
  const watch = watchClock({ nowMs: () => wallMs }, { info: say, warn: say }, () => steadyMs);
  return {
    watch,
    lines,
    wait(ms: number) {
      steadyMs += ms;
      wallMs += ms;
    },
    set(ms: number) {
      wallMs += ms;
    },
    row: (seq: number, msFromNow: number) => ({ seq, createdAt: new Date(wallMs + msFromNow).toISOString() }),
  };
}

const over = "nothing is wrong with the clock any more";

describe("the watch on the clock", () => {
  test("finds nothing wrong with one that goes, with rows old and new", () => {
    const { watch, lines, wait, row, set } = scene();
    watch.look(undefined);
    watch.look(row(1, -86_400_000));
    wait(3_600_000);
    watch.look(row(1, -90_000_000));
    wait(1_000);
    watch.look(row(2, -500));
    set(59_000);
    watch.look(row(3, 60_000));
    expect([watch.trouble(), lines]).toEqual([undefined, []]);
  });

  test.each([
    [3_600_000, "the server's clock jumped by 3600 s"],
    [-3_600_000, "the server's clock jumped by -3600 s"],
    [61_000, "the server's clock jumped by 61 s"],
  ])("tells a jump by %d ms, for a minute, and logs it once", (ms, sentence) => {
    const { watch, lines, wait, set } = scene();
    watch.look(undefined);
    set(ms);
    watch.look(undefined);
    wait(59_000);
    watch.look(undefined);
    expect([watch.trouble(), lines]).toEqual([sentence, [sentence]]);
    wait(2_000);
    watch.look(undefined);
    expect([watch.trouble(), lines]).toEqual([undefined, [sentence, over]]);
  });

  test("tells a row from the future as long as it is one, and logs it once", () => {
    const { watch, lines, wait, row } = scene();
    const newest = row(9, 200_000);
    const first = "the newest row of the log is 200 s ahead of the server's clock";
    watch.look(newest);
    expect(watch.trouble()).toBe(first);
    wait(100_000);
    watch.look(newest);
    expect(watch.trouble()).toBe("the newest row of the log is 100 s ahead of the server's clock");
    wait(100_000);
    watch.look(newest);
    expect([watch.trouble(), lines]).toEqual([undefined, [first, over]]);
  });

  test("tells a row that is new and bears an old time: another server's clock is behind", () => {
    const { watch, row, wait } = scene();
    watch.look(row(1, -3_600_000));
    wait(1_000);
    watch.look(row(2, -3_600_000));
    expect(watch.trouble()).toBe("the newest row of the log is 3599 s behind the server's clock");
  });

  test("takes a row whose time is none for what it is", () => {
    const { watch } = scene();
    watch.look({ seq: 1, createdAt: "yesterday" });
    expect(watch.trouble()).toBeUndefined();
  });
});
