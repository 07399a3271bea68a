import { randomBytes } from "node:crypto";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { deriveSealingKey } from "../../src/sealing/master-key.ts";
import { createRowMac } from "../../src/sealing/row-mac.ts";

async function freshMac() {
  return createRowMac(createKeyring(await deriveSealingKey(randomBytes(32))));
}

describe.each([{ bytes: 40 }, { bytes: 1_024 }, { bytes: 1_025 }])("the MAC of a row of $bytes bytes", ({ bytes }) => {
  test("stays right for these bytes and for no others, also when it was found right before", async () => {
    const rows = await freshMac();
    const row = randomBytes(bytes);
    const mac = rows.vouch(row);
    for (let look = 0; look < 3; look++) {
      expect(rows.isVouched(row, mac)).toBe(true);
      for (const at of [0, bytes - 1]) {
        const altered = Uint8Array.from(row);
        altered[at] = (altered[at] ?? 0) ^ 1;
        expect(rows.isVouched(altered, mac)).toBe(false);
      }
      expect(rows.isVouched(row.subarray(1), mac)).toBe(false);
      for (const at of [0, 1, 9, mac.length - 1]) {
        const other = Uint8Array.from(mac);
        other[at] = (other[at] ?? 0) ^ 1;
        expect(rows.isVouched(row, other)).toBe(false);
      }
    }
  });

  test("is remembered with a copy: the caller's bytes may change afterwards", async () => {
    const rows = await freshMac();
    const row = randomBytes(bytes);
    const mac = rows.vouch(row);
    expect(rows.isVouched(row, mac)).toBe(true);
    row[3] = (row[3] ?? 0) ^ 1;
    expect(rows.isVouched(row, mac)).toBe(false);
  });

  test("is none under another key, whatever that key has seen", async () => {
    const [one, other] = [await freshMac(), await freshMac()];
    const row = randomBytes(bytes);
    const mac = one.vouch(row);
    expect(one.isVouched(row, mac)).toBe(true);
    expect(other.isVouched(row, mac)).toBe(false);
  });
});
