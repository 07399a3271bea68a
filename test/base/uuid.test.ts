import { randomUuid } from "../../src/base/uuid.ts";

test("a UUID is of version 4, in lower case, and no other comes again", () => {
  const uuids = Array.from({ length: 10_000 }, randomUuid);
  expect(new Set(uuids).size).toBe(uuids.length);
  for (const uuid of uuids) {
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test("each of its 122 free bits is set in half of them", () => {
  const count = 20_000;
  const set = new Array<number>(128).fill(0);
  for (let made = 0; made < count; made++) {
    const bits = BigInt(`0x${randomUuid().replaceAll("-", "")}`);
    for (let bit = 0; bit < 128; bit++) {
      set[bit] = (set[bit] as number) + Number((bits >> BigInt(bit)) & 1n);
    }
  }
  // Bits 76 to 79 are the version, 62 and 63 the variant (counted from the end).
  const fixed = new Map([
    [79, 0],
    [78, count],
    [77, 0],
    [76, 0],
    [63, count],
    [62, 0],
  ]);
  for (const [bit, times] of set.entries()) {
    // Seven standard deviations: one run in 10^9 fails for any of the bits.
    const expected = fixed.get(bit) ?? count / 2;
    expect(Math.abs(times - expected)).toBeLessThanOrEqual(fixed.has(bit) ? 0 : 495);
  }
});
