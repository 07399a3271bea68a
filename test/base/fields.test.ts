import { createHash } from "node:crypto";
import fc from "fast-check";
import { FieldWriter } from "../../src/base/fields.ts";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("fields", () => {
  test("are their length as 4 bytes, big endian, and themselves", () => {
    const bytes = new FieldWriter("p").start().text("aπ").bytes(Uint8Array.of(7, 8)).text("").absent().take();
    expect(hex(bytes)).toBe(["70", "00000003", "61cf80", "00000002", "0708", "00000000", "ffffffff"].join(""));
  });

  test("grow beyond the first buffer and keep what was written", () => {
    const writer = new FieldWriter("prefix");
    const anyField = fc.string({ unit: "binary", maxLength: 4_000 });
    fc.assert(
      fc.property(fc.array(anyField, { maxLength: 5 }), (texts) => {
        writer.start();
        for (const text of texts) {
          writer.text(text);
        }
        const expected = texts.map((text) => {
          const bytes = Buffer.from(text, "utf8");
          return bytes.length.toString(16).padStart(8, "0") + hex(bytes);
        });
        expect(hex(writer.view())).toBe(Buffer.from("prefix").toString("hex") + expected.join(""));
      }),
    );
  });

  test("have the SHA-256 of all that was written as their digest", () => {
    const writer = new FieldWriter("zsc-row-v1").start().text("x");
    const expected = createHash("sha256").update("zsc-row-v1\0\0\0\u0001x").digest("hex");
    expect(writer.digest()).toBe(expected);
    expect(writer.digest()).toBe(expected);
  });

  test("start anew without what was there before", () => {
    const writer = new FieldWriter();
    const first = writer.start().text("first").take();
    writer.start().text("2");
    expect(hex(first)).toBe(`00000005${Buffer.from("first").toString("hex")}`);
    expect(hex(writer.take())).toBe("0000000132");
  });
});
