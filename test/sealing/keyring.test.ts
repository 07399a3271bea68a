import fc from "fast-check";
import { Plaintext } from "../../src/base/plaintext.ts";
import { createSealer } from "../../src/sealing/envelope.ts";
import { keyIdIn } from "../../src/sealing/key-box.ts";
import { createKeyring, openKeyring } from "../../src/sealing/keyring.ts";
import { deriveSealingKey, hexSource, parseMasterKey } from "../../src/sealing/master-key.ts";
import { createRowMac } from "../../src/sealing/row-mac.ts";
import { bindingOf } from "../../src/secrets/drafts.ts";
import { secretNamed } from "../support/ledger.ts";
import { quickSealingKey } from "./sealing-arbitraries.ts";

const [old, current, stranger] = [quickSealingKey(1), quickSealingKey(2), quickSealingKey(3)] as const;
const binding = bindingOf(secretNamed("a"));
const sealedBy = (key: typeof old) => createSealer(createKeyring(key)).seal(Plaintext.fromString("value"), binding);

describe("a keyring", () => {
  const sealer = createSealer(createKeyring(current, [old]));

  test.each([
    ["the current key", current],
    ["another of its keys", old],
  ])("opens what %s sealed, also twice", (_which, key) => {
    const sealed = sealedBy(key);
    expect([1, 2].map(() => sealer.open(sealed, binding).text())).toEqual(["value", "value"]);
    sealer.check(sealed, binding);
  });

  test("seals under the current key, also what another one sealed before", () => {
    expect(keyIdIn(sealer.seal(Plaintext.fromString("v"), binding).sealedKey)).toBe(current.id);
    const later = { ...binding, version: binding.version + 1 };
    const rebound = sealer.rebind(sealedBy(old), binding, later);
    expect(keyIdIn(rebound.sealedKey)).toBe(current.id);
    expect(createSealer(createKeyring(current)).open(rebound, later).text()).toBe("value");
  });

  test("opens nothing that a key outside of it sealed, and says no more than that", () => {
    const broken = expect.objectContaining({ code: "SEAL_BROKEN", message: "the sealed value does not open" });
    expect(() => sealer.open(sealedBy(stranger), binding)).toThrow(broken);
    const renamed = sealedBy(old).sealedKey.map((byte, at) => (at === 0 || at > 8 ? byte : 0));
    expect(() => sealer.open({ ...sealedBy(old), sealedKey: renamed }, binding)).toThrow(broken);
  });

  test("is derived from master keys, which are wiped", async () => {
    const texts = ["01", "02"].map((byte) => Plaintext.fromString(byte.repeat(32)));
    const keyring = await openKeyring(hexSource(texts[0] as Plaintext), [hexSource(texts[1] as Plaintext)]);
    const expected = await Promise.all(["01", "02"].map((byte) => deriveSealingKey(parseMasterKey(byte.repeat(32)))));
    expect([...keyring.keys.keys()]).toEqual(expected.map(({ id }) => id));
    expect(keyring.current.id).toBe(expected[0]?.id);
    expect(() => texts[0]?.text()).toThrow("the plaintext was wiped");
  });
});

describe("the MAC of a row", () => {
  const mac = createRowMac(createKeyring(current, [old]));
  const bytes = fc.uint8Array({ maxLength: 200 });

  test("is known again, and that of no other row", () => {
    fc.assert(
      fc.property(bytes, bytes, (row, other) => {
        expect(mac.isVouched(row, mac.vouch(row))).toBe(true);
        expect(mac.isVouched(other, mac.vouch(row))).toBe(Buffer.compare(row, other) === 0);
      }),
    );
  });

  test("counts when an older key of the ring made it, and not when a stranger's did", () => {
    const row = Buffer.from("row");
    expect(mac.isVouched(row, createRowMac(createKeyring(old)).vouch(row))).toBe(true);
    expect(mac.isVouched(row, createRowMac(createKeyring(stranger)).vouch(row))).toBe(false);
  });

  test("is none with any bit changed, and anything else is none", () => {
    const row = Buffer.from("row");
    const good = mac.vouch(row);
    for (let bit = 0; bit < 8 * good.length; bit++) {
      const changed = Uint8Array.from(good);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(mac.isVouched(row, changed)).toBe(false);
    }
    fc.assert(fc.property(bytes, (any) => expect(mac.isVouched(row, any)).toBe(false)));
  });

  test("is the same for ever", () => {
    const vector = mac.vouch(Buffer.from("zsc-row-mac-v1 golden vector"));
    expect(Buffer.from(vector).toString("hex")).toBe(
      "010202020202020202b52c8479faae5c6d7ac61f7f7ba46b93781a40bef35aea3279e3d9497beaebdb",
    );
  });
});
