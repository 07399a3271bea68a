import type { Operation } from "../../src/ledger/operation.ts";
import { bindingOf } from "../../src/secrets/drafts.ts";
import { infoSecret } from "../../src/secrets/metadata.ts";
import type { Secret } from "../../src/secrets/secret.ts";
import { admin, plain, testSealer } from "../support/ledger.ts";
import { type MemoryVault, memoryVault } from "../support/memory-vault.ts";
import { clearOf, grant, outcomeOf, payloadOf, probe, read, remove, revoke, rotate, rotateDue, set } from "./calls.ts";

const thief = "ZEQ-THIEF";

/** What somebody who can write the tables, but has no key, may do to the row of `a`. */
const tamperings: readonly [string, (row: Secret, other: Secret, older: Secret) => Partial<Secret>][] = [
  ["another owner", () => ({ boundZid: thief })],
  ["one more permission", ({ permissions }) => ({ permissions: [...permissions, thief] })],
  ["one permission less", () => ({ permissions: [] })],
  ["permissions in another order", ({ permissions }) => ({ permissions: [...permissions].reverse() })],
  ["two permissions that look like one", () => ({ permissions: ["ZEQ2,ZEQ3"] })],
  ["another tag", () => ({ purposeTag: "other" })],
  ["no tag", () => ({ purposeTag: null })],
  ["another expiry", ({ expiresZeqond }) => ({ expiresZeqond: (expiresZeqond ?? 0) - 1 })],
  ["another time of its making", () => ({ createdAt: "2026-05-17T13:11:14.278Z" })],
  ["another time of its last change", () => ({ updatedAt: "2026-05-17T13:11:14.278Z" })],
  ["another version", ({ version }) => ({ version: version + 1 })],
  ["another id", ({ id }) => ({ id: id.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) })],
  ["the sealing of another row", (_row, { sealedKey, sealedValue }) => ({ sealedKey, sealedValue })],
  ["the id and the sealing of another row", (_row, { id, sealedKey, sealedValue }) => ({ id, sealedKey, sealedValue })],
  ["the data key of another row", (_row, { sealedKey }) => ({ sealedKey })],
  ["an older sealing of itself", (_row, _other, { sealedKey, sealedValue }) => ({ sealedKey, sealedValue })],
  ["a flipped bit in the data key", ({ sealedKey }) => ({ sealedKey: flipped(sealedKey, 40) })],
  ["a flipped bit in the key id", ({ sealedKey }) => ({ sealedKey: flipped(sealedKey, 3) })],
  ["no data key", () => ({ sealedKey: new Uint8Array() })],
  ["a data key under another master key", (row) => testSealer(8).seal(plain("forged"), bindingOf(row))],
];

/** The value alone is damaged: its data key, and with it owner and permissions, are genuine. */
const damages: readonly [string, (row: Secret, other: Secret) => Partial<Secret>][] = [
  ["the value of another row", (_row, { sealedValue }) => ({ sealedValue })],
  ["a flipped bit in the value", ({ sealedValue }) => ({ sealedValue: flipped(sealedValue, 20) })],
  ["a flipped bit in the tag", ({ sealedValue }) => ({ sealedValue: flipped(sealedValue, sealedValue.length - 1) })],
  ["a value that is cut off", ({ sealedValue }) => ({ sealedValue: sealedValue.subarray(0, -1) })],
  ["no value", () => ({ sealedValue: new Uint8Array() })],
  [
    "a value of an unknown format",
    ({ sealedValue }) => ({ sealedValue: Buffer.from([2, ...sealedValue.subarray(1)]) }),
  ],
];

let vault: MemoryVault;

function tamper(change: (row: Secret, other: Secret, older: Secret) => Partial<Secret>): Secret {
  vault = memoryVault();
  vault.run(set("a", { boundZid: "ZEQ1", permissions: ["ZEQ2", "ZEQ3"], purposeTag: "billing" }));
  const older = vault.secret("a");
  vault.run(set("a", { expiresZeqond: 0 }));
  vault.run(set("b", { boundZid: thief, permissions: ["ZEQ2", "ZEQ3"] }));
  const row = { ...vault.secret("a"), ...change(vault.secret("a"), vault.secret("b"), older) };
  vault.secrets.set("a", row);
  return row;
}

const reads: readonly Operation<unknown>[] = ["ZEQ-SYS", "ZEQ1", thief].map((zid) => read("a", zid));
const changes: readonly Operation<unknown>[] = [grant("a", thief), revoke("a", "ZEQ2"), rotate("a"), rotateDue("a")];

describe.each([...tamperings, ...damages])("a row with %s", (_what, change) => {
  beforeEach(() => void tamper(change));

  test("gives its value to nobody", () => {
    for (const operation of reads) {
      expect(["SEAL_BROKEN", "DENIED"]).toContain(outcomeOf(vault, operation));
    }
    expect(outcomeOf(vault, read("a"))).toBe("SEAL_BROKEN");
    expect(vault.secret("a").readCount).toBe(0);
  });

  test("makes a probe say error, and why", () => {
    const { value, rows } = vault.run(probe("a", "ZEQ-SYS", "test"));
    expect(value).toEqual({ granted: false, reason: "error", detail: "the sealed value does not open" });
    expect(payloadOf(rows[0])).toEqual({ name: "a", purpose: "test", reason: "error", by: admin.zid });
  });

  test("leaves a refusal with the reason error", () => {
    const { error, rows } = vault.run(read("a"));
    expect(error).toMatchObject({ code: "SEAL_BROKEN", message: "the sealed value does not open" });
    expect(rows).toMatchObject([{ transitionType: "secret_denied", proofPurpose: "error", actorZid: "ZEQ-SYS" }]);
  });

  test("is not rotated", () => {
    expect([outcomeOf(vault, rotate("a")), outcomeOf(vault, rotateDue("a"))]).toEqual(["SEAL_BROKEN", "SEAL_BROKEN"]);
  });

  test("is shown", () => {
    expect(vault.run(infoSecret("a", admin)).value).toMatchObject({ name: "a" });
  });

  test("is not made right by any change, a deletion and a set that names all of it included", () => {
    const before = vault.secret("a");
    const named = { boundZid: "ZEQ5", permissions: ["ZEQ6"], purposeTag: "tag", expiresZeqond: null };
    for (const operation of [...changes, remove("a"), set("a", named)]) {
      const { error, rows } = vault.run(operation);
      expect(error?.code).toBe("SEAL_BROKEN");
      expect(rows).toMatchObject([{ transitionType: "secret_denied", proofPurpose: "error" }]);
    }
    expect(vault.secret("a")).toEqual(before);
  });
});

describe.each(tamperings)("a row with %s", (_what, change) => {
  let row: Secret;

  beforeEach(() => {
    row = tamper(change);
  });

  test.each<[string, { boundZid?: string; permissions?: readonly string[] }]>([
    ["neither owner nor permissions", {}],
    ["an owner alone", { boundZid: "ZEQ1" }],
    ["permissions alone", { permissions: ["ZEQ2"] }],
  ])("is not sealed in by a set that names %s", (_named, named) => {
    const { error, rows } = vault.run(set("a", named));
    expect(error).toMatchObject({ code: "SEAL_BROKEN", message: "the sealed value does not open" });
    expect(payloadOf(rows[0])).toEqual({ name: "a", purpose: "set", reason: "error" });
    expect(vault.secret("a")).toEqual(row);
  });
});

test("a row that was moved under another name does not open there", () => {
  tamper(() => ({}));
  vault.secrets.set("c", { ...vault.secret("b"), name: "c" });
  expect([clearOf(vault, "a"), clearOf(vault, "b"), clearOf(vault, "c")]).toEqual([
    "the value",
    "the value",
    "SEAL_BROKEN",
  ]);
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
}
