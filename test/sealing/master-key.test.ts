import { inspect } from "node:util";
import { opensKeyCheck, sealKeyCheck } from "../../src/sealing/key-check.ts";
import { deriveSealingKey, parseMasterKey } from "../../src/sealing/master-key.ts";
import { quickSealingKey } from "./sealing-arbitraries.ts";

const hex = "ab".repeat(32);

describe("the master key", () => {
  test.each([hex, hex.toUpperCase()])("is 64 hex digits: %s", (text) => {
    expect(Buffer.from(parseMasterKey(text)).toString("hex")).toBe(hex);
  });

  test.each(["", "ab", hex.slice(1), `${hex}a`, `${hex}\n`, ` ${hex}`, `0x${hex.slice(2)}`, "zz".repeat(32)])(
    "refuses %j without quoting it",
    (text) => {
      expect(() => parseMasterKey(text)).toThrow(new Error("the master key must be exactly 64 hex digits (32 bytes)"));
    },
  );

  test("is not derived from bytes of another length", async () => {
    await expect(deriveSealingKey(new Uint8Array(16))).rejects.toThrow("the master key must be 32 bytes");
  });

  test("derives the same key each time, and another from another", async () => {
    const [one, same, other] = await Promise.all(
      [hex, hex, "ac".repeat(32)].map((text) => deriveSealingKey(parseMasterKey(text))),
    );
    expect(same?.id).toBe(one?.id);
    expect(other?.id).not.toBe(one?.id);
    expect(one?.id).toMatch(/^[0-9a-f]{16}$/);
  });

  test("does not print", async () => {
    const key = await deriveSealingKey(parseMasterKey(hex));
    const material = key.key.export();
    const printed = `${inspect(key, { depth: 9, showHidden: true })} ${JSON.stringify(key)}`;
    expect(printed).not.toContain(material.toString("hex"));
    expect(printed).not.toContain(material.toString("base64"));
    expect(printed).not.toContain([...material.subarray(0, 6)].join(","));
  });
});

describe("the key check", () => {
  const key = quickSealingKey(1);

  test("opens under the key that sealed it", () => {
    expect(opensKeyCheck(key, sealKeyCheck(key))).toBe(true);
  });

  test("does not open under another key, also when that has the same id", () => {
    expect(opensKeyCheck(quickSealingKey(2), sealKeyCheck(key))).toBe(false);
    expect(opensKeyCheck({ ...quickSealingKey(2), id: key.id }, sealKeyCheck(key))).toBe(false);
  });

  test("does not open when a bit is another, or bytes are missing", () => {
    const sealed = sealKeyCheck(key);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed, (byte, index) => (index === at ? byte ^ 1 : byte));
      expect(opensKeyCheck(key, changed)).toBe(false);
      expect(opensKeyCheck(key, sealed.subarray(0, at))).toBe(false);
    }
  });
});
