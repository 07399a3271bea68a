import { type MemoryVault, memoryVault } from "../support/memory-vault.ts";
import { grant, outcomeOf, payloadOf, probe, read, remove, revoke, set } from "./calls.ts";

describe("the gate", () => {
  let vault: MemoryVault;

  beforeEach(() => {
    vault = memoryVault();
    vault.run(set("owned", { boundZid: "ZEQ-OWNER", permissions: ["ZEQ-FRIEND"] }));
    vault.run(set("system's"));
  });

  test.each([
    ["owned", "ZEQ-OWNER", "granted"],
    ["owned", "ZEQ-FRIEND", "granted"],
    ["owned", "ZEQ-SYS", "granted"],
    ["owned", "ZEQ-STRANGER", "DENIED"],
    ["owned", "zeq-owner", "DENIED"],
    ["owned", "ZEQ-OWNER ", "DENIED"],
    ["owned", "ZEQ-FRIEND,ZEQ-STRANGER", "DENIED"],
    ["system's", "ZEQ-SYS", "granted"],
    ["system's", "ZEQ-OWNER", "DENIED"],
    ["system's", "ZEQ-ADMIN", "DENIED"],
    ["nowhere", "ZEQ-SYS", "NOT_FOUND"],
    ["nowhere", "ZEQ-OWNER", "NOT_FOUND"],
    ["Owned", "ZEQ-OWNER", "NOT_FOUND"],
  ])("of %s says to %s: %s, and to a probe the same", (name, zid, expected) => {
    expect(outcomeOf(vault, read(name, zid))).toBe(expected);
    const { value } = vault.run(probe(name, zid));
    expect(value).toEqual(
      expected === "granted" ? { granted: true } : { granted: false, reason: expected.toLowerCase() },
    );
  });

  test("follows a grant and a revoke at once, in the same batch too", () => {
    const outcomes = vault.runAll([
      read("owned", "ZEQ-NEW"),
      grant("owned", "ZEQ-NEW"),
      read("owned", "ZEQ-NEW"),
      revoke("owned", "ZEQ-NEW"),
      read("owned", "ZEQ-NEW"),
      revoke("owned", "ZEQ-OWNER"),
      read("owned", "ZEQ-OWNER"),
      remove("owned"),
      read("owned", "ZEQ-OWNER"),
    ]);
    const codes = outcomes.map(({ error }) => error?.code ?? "done");
    expect(codes).toEqual(["DENIED", "done", "done", "done", "DENIED", "done", "done", "done", "NOT_FOUND"]);
  });

  test("counts reads, and no probes and no refusals", () => {
    vault.clock.advanceZeqonds(7);
    vault.runAll([
      read("owned"),
      read("owned", "ZEQ-FRIEND"),
      probe("owned", "ZEQ-OWNER"),
      read("owned", "ZEQ-NOBODY"),
    ]);
    expect(vault.secret("owned")).toMatchObject({ readCount: 2, lastReadZeqond: vault.clock.now().zeqond });
    expect(vault.secret("system's")).toMatchObject({ readCount: 0, lastReadZeqond: null });
  });

  test("says no in words that quote nothing", () => {
    for (const operation of [read("owned", "ZEQ-STRANGER"), read("nowhere", "ZEQ-STRANGER")]) {
      expect(vault.run(operation).error?.message).not.toMatch(/owned|nowhere|STRANGER/);
    }
  });
});

describe("the denial limiter", () => {
  let vault: MemoryVault;
  const stranger = "ZEQ-STRANGER";

  beforeEach(() => {
    vault = memoryVault();
    vault.run(set("closed"));
    vault.run(set("open", { permissions: [stranger] }));
  });

  const deny = (times: number, zid = stranger) => {
    for (let time = 0; time < times; time++) {
      expect(outcomeOf(vault, read("closed", zid))).toBe("DENIED");
    }
  };
  const outcome = (name = "open", zid = stranger) => outcomeOf(vault, read(name, zid));

  test("shuts a ZID out with its fifth denial, from what it may read too", () => {
    deny(4);
    expect(outcome()).toBe("granted");
    deny(1);
    expect(outcome()).toBe("RATE_LIMITED");
    expect(outcome("closed")).toBe("RATE_LIMITED");
    expect(outcome("open", "ZEQ-SYS")).toBe("granted");
  });

  test("says rate_limited whatever the name, so that nothing is learnt", () => {
    deny(5);
    expect(outcome("nowhere")).toBe("RATE_LIMITED");
    expect(vault.run(probe("nowhere", stranger)).value).toEqual({ granted: false, reason: "rate_limited" });
    expect(vault.run(probe("open", stranger)).value).toEqual({ granted: false, reason: "rate_limited" });
  });

  test("counts a denial while it is 59 Zeqonds old, and not at 60", () => {
    deny(5);
    vault.clock.advanceZeqonds(59);
    expect(outcome()).toBe("RATE_LIMITED");
    vault.clock.advanceZeqonds(1);
    expect(outcome()).toBe("granted");
  });

  test("opens again when the fifth latest denial leaves the window", () => {
    for (const zeqonds of [10, 10, 10, 10, 10]) {
      deny(1);
      vault.clock.advanceZeqonds(zeqonds);
    }
    expect(outcome()).toBe("RATE_LIMITED");
    vault.clock.advanceZeqonds(9);
    expect(outcome()).toBe("RATE_LIMITED");
    vault.clock.advanceZeqonds(1);
    expect(outcome()).toBe("granted");
    deny(1);
    expect(outcome()).toBe("RATE_LIMITED");
  });

  test.each([
    [0, 60 * 777],
    [1, 60 * 777 - 1],
    [59 * 777, 777],
    [59 * 777 + 776, 1],
  ])("tells %d ms after the denials how long it will take: %d ms", (afterMs, retryAfterMs) => {
    deny(5);
    vault.clock.advanceMs(afterMs);
    expect(vault.run(read("open", stranger)).error).toMatchObject({ code: "RATE_LIMITED", retryAfterMs });
    vault.clock.advanceMs(retryAfterMs);
    expect(outcome()).toBe("granted");
  });

  test("counts probes as it counts reads, over all names, and within one batch", () => {
    vault.run(set("also closed"));
    const outcomes = vault.runAll([
      read("closed", stranger),
      probe("closed", stranger),
      read("also closed", stranger),
      probe("also closed", stranger),
      read("closed", stranger),
      read("open", stranger),
    ]);
    expect(outcomes.at(-1)?.error?.code).toBe("RATE_LIMITED");
  });

  test("counts only denials: neither not_found, nor rate_limited, nor a broken seal", () => {
    for (let time = 0; time < 10; time++) {
      expect(outcome("nowhere")).toBe("NOT_FOUND");
    }
    vault.secrets.set("open", { ...vault.secret("open"), sealedValue: Buffer.alloc(40) });
    for (let time = 0; time < 10; time++) {
      expect(outcome("open")).toBe("SEAL_BROKEN");
    }
    deny(5);
    for (let time = 0; time < 59; time++) {
      vault.clock.advanceZeqonds(1);
      expect(outcome()).toBe("RATE_LIMITED");
    }
    vault.clock.advanceZeqonds(1);
    expect(outcome("closed")).toBe("DENIED");
  });

  test("counts each ZID for itself, byte by byte", () => {
    deny(4);
    deny(4, "zeq-stranger");
    deny(4, `${stranger} `);
    expect(outcome()).toBe("granted");
  });

  test("is not reset by a grant, a revoke, a set or a deletion", () => {
    deny(5);
    vault.runAll([
      grant("closed", stranger),
      revoke("closed", stranger),
      grant("closed", stranger),
      set("closed"),
      remove("open"),
    ]);
    expect(outcome("closed")).toBe("RATE_LIMITED");
    vault.clock.advanceZeqonds(60);
    expect(outcome("closed")).toBe("granted");
  });

  test.each([1, 60, 4_633])("shuts nobody out for a clock that was %d Zeqonds ahead", (zeqonds) => {
    vault.clock.advanceZeqonds(zeqonds);
    deny(5);
    vault.clock.advanceZeqonds(-zeqonds);
    expect(outcome()).toBe("granted");
    vault.clock.advanceZeqonds(zeqonds);
    expect(outcome()).toBe("RATE_LIMITED");
  });

  test("never limits what admins do", () => {
    deny(5, "ZEQ-ADMIN");
    expect(outcomeOf(vault, set("new"))).toBe("granted");
    expect(outcomeOf(vault, grant("closed", "ZEQ-ADMIN"))).toBe("granted");
  });

  test("leaves the reason in the row of each refusal", () => {
    deny(5);
    outcome("nowhere");
    expect(vault.log.slice(2).map((row) => payloadOf(row)["reason"])).toEqual([
      ...Array(5).fill("denied"),
      "rate_limited",
    ]);
  });
});
