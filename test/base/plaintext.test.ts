import { inspect } from "node:util";
import fc from "fast-check";
import { Plaintext } from "../../src/base/plaintext.ts";

describe("a plaintext", () => {
  test("is the text that it was made from", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(Plaintext.fromString(text).text()).toBe(text);
        expect(Plaintext.fromBytes(new TextEncoder().encode(text)).text()).toBe(text);
      }),
    );
  });

  test("prints as [redacted], however it is printed", () => {
    const secret = Plaintext.fromString("canary");
    const prints = [`${secret}`, String(secret), JSON.stringify({ secret }), inspect({ secret }, { showHidden: true })];
    expect(prints).toEqual(["[redacted]", "[redacted]", '{"secret":"[redacted]"}', "{ secret: [redacted] }"]);
    expect(Object.entries(secret)).toEqual([]);
  });

  test("overwrites its bytes when wiped, and is then of no more use", () => {
    const bytes = Buffer.from("canary");
    const secret = Plaintext.fromBytes(bytes);
    secret.wipe();
    secret.wipe();
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(() => secret.text()).toThrow("the plaintext was wiped");
    expect(() => secret.bytes).toThrow("the plaintext was wiped");
  });
});
