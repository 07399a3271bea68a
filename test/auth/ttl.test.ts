import { parseTtl } from "../../src/auth/ttl.ts";

describe("a time to live", () => {
  test.each<[string, number]>([
    ["1s", 1_000],
    ["90s", 90_000],
    ["15m", 900_000],
    ["12h", 43_200_000],
    ["30d", 2_592_000_000],
    ["3650d", 315_360_000_000],
  ])("of %s is %d ms", (text, ttlMs) => {
    expect(parseTtl(text)).toBe(ttlMs);
  });

  test.each(["", "12", "h", "0s", "-1h", "1.5h", "12 h", "12H", "1h30m", "1e3s", "012h", "3651d", "9999999999d", "1w"])(
    "is refused: %j",
    (text) => {
      expect(() => parseTtl(text)).toThrow("a time to live is a number and s, m, h or d");
    },
  );
});
