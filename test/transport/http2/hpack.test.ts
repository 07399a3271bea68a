import fc from "fast-check";
import { CompressionError, HpackDecoder } from "../../../src/transport/http2/hpack-decoder.ts";
import { HpackEncoder } from "../../../src/transport/http2/hpack-encoder.ts";
import { decodeHuffman } from "../../../src/transport/http2/huffman.ts";

const wide = { maxBytes: 1_000_000, maxFields: 1_000_000 };
const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
const decode = (decoder: HpackDecoder, block: Buffer, bounds = wide) => decoder.decode(block, 0, block.length, bounds);
const fields = (lines: string) =>
  lines
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [, name = "", value = ""] = /^\s*(:?[^:]+): (.*)$/.exec(line) ?? [];
      return [name, value];
    });

const requests = [
  [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com",
  ],
  [
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8286 84be 5886 a8eb 1064 9cbf",
    ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache",
  ],
  [
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value",
  ],
] as const;

const setCookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const responses = [
  [
    `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
     1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
    `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
     97c8 e9ae 82ae 43d3`,
    ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com",
  ],
  [
    "4803 3330 37c1 c0bf",
    "4883 640e ffc1 c0bf",
    ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com",
  ],
  [
    `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
     4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
     7369 6f6e 3d31`,
    `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
     cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    `:status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\nlocation: https://www.example.com
     content-encoding: gzip\n${setCookie}`,
  ],
] as const;

describe("header blocks of RFC 7541, appendix C,", () => {
  test.each([
    ["C.2.1", "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "custom-key: custom-header"],
    ["C.2.2", "040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"],
    ["C.2.3", "1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"],
    ["C.2.4", "82", ":method: GET"],
  ])("are read: %s", (_name, block, lines) => {
    expect(decode(new HpackDecoder(4_096), hex(block))).toEqual({ pairs: fields(lines), isOversized: false });
  });

  test.each([
    ["C.3, C.4: requests", 4_096, requests],
    ["C.5, C.6: responses, with a table of 256 bytes", 256, responses],
  ] as const)("are read one after the other, plain and in Huffman code: %s", (_name, tableBytes, blocks) => {
    const plain = new HpackDecoder(tableBytes);
    const huffman = new HpackDecoder(tableBytes);
    for (const [plainBlock, huffmanBlock, lines] of blocks) {
      expect(decode(plain, hex(plainBlock)).pairs).toEqual(fields(lines));
      expect(decode(huffman, hex(huffmanBlock)).pairs).toEqual(fields(lines));
    }
  });
});

describe("a header block is a COMPRESSION_ERROR", () => {
  test.each([
    ["with index 0", "80"],
    ["with an index beyond the table", "be"],
    ["with a name beyond the table", "7e 01 61"],
    ["with an integer that does not end", "ff ff ff ff ff ff ff ff 01"],
    ["with an integer that is cut off", "ff ff"],
    ["with a text that is cut off", "00 05 61 62"],
    ["without a value", "00 01 61"],
    ["with a size update at its end", "82 20"],
    ["with a size update over the maximum", "3f e2 1f"],
    ["with three size updates", "20 20 20"],
    ["with EOS in a text", "00 84 ff ff ff ff 01 61"],
    ["with padding over 7 bits", "00 82 1f ff 01 61"],
    ["with padding of zeros", "00 81 18 01 61"],
  ])("%s", (_what, block) => {
    expect(() => decode(new HpackDecoder(4_096), hex(block))).toThrow(CompressionError);
  });
});

test("arbitrary bytes are read or are a CompressionError, and never exceed the bounds", () => {
  const bounds = { maxBytes: 300, maxFields: 10 };
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder(4_096);
      try {
        for (const block of blocks) {
          const { pairs } = decode(decoder, Buffer.from(block), bounds);
          expect(pairs.length).toBeLessThanOrEqual(20);
          expect(pairs.join("").length).toBeLessThanOrEqual(300);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(CompressionError);
      }
    }),
    { numRuns: 2_000 },
  );
});

describe("beyond the bounds of a header section", () => {
  const long = `00 01 61 7f 81 01 ${"62".repeat(256)}`;

  test.each([
    ["bytes", { maxBytes: 100, maxFields: 100 }, `82 ${long} 86`, [":method", "GET"]],
    ["fields", { maxBytes: 1_000, maxFields: 2 }, "82 84 86 87", [":method", "GET", ":path", "/"]],
  ])("fields are left out: %s", (_what, bounds, block, pairs) => {
    expect(decode(new HpackDecoder(4_096), hex(block), bounds)).toMatchObject({ isOversized: true });
    expect(decode(new HpackDecoder(4_096), hex(block), bounds).pairs.slice(0, pairs.length)).toEqual(pairs);
  });

  test("the table is kept all the same", () => {
    const decoder = new HpackDecoder(4_096);
    const { isOversized } = decode(decoder, hex(`82 40 01 61 03 626262 82`), { maxBytes: 5, maxFields: 9 });
    expect(isOversized).toBe(true);
    expect(decode(decoder, hex("be")).pairs).toEqual(["a", "bbb"]);
  });

  test("an entry over the size of the table empties it", () => {
    const decoder = new HpackDecoder(64);
    decode(decoder, hex("40 01 61 01 62"));
    expect(decode(decoder, hex("be")).pairs).toEqual(["a", "b"]);
    decode(decoder, hex(`40 01 61 41 ${"62".repeat(65)}`));
    expect(() => decode(decoder, hex("be"))).toThrow(CompressionError);
  });
});

describe("what the encoder writes", () => {
  const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
  const name = fc.oneof(
    fc.constantFrom(":status", "content-type", "date", "grpc-status", "set-cookie", "vary", "location"),
    fc.stringMatching(/^[a-z0-9-]{1,20}$/),
  );
  const block = fc.array(fc.tuple(name, fc.oneof(value, fc.constantFrom("200", "404", "0", "application/grpc+proto"))));
  const step = fc.record({ tableBytes: fc.option(fc.integer({ min: 0, max: 6_000 })), block });

  test("is read as it was, in sessions of many blocks and changing tables", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder(6_000);
        for (const { tableBytes, block: pairs } of steps) {
          if (tableBytes !== null) {
            encoder.setMaxTableBytes(tableBytes);
          }
          const flat = pairs.flat();
          const target = Buffer.alloc(encoder.maxBlockBytes(flat));
          const end = encoder.write(flat, target, 0);
          expect(decoder.decode(target, 0, end, wide)).toEqual({ pairs: flat, isOversized: false });
        }
      }),
    );
  });

  test("keeps repeated fields in the table, and secrets and long values never", () => {
    const encoder = new HpackEncoder();
    const bytes = (...pairs: string[]) => {
      const target = Buffer.alloc(encoder.maxBlockBytes(pairs));
      return encoder.write(pairs, target, 0);
    };
    const answer = [":status", "200", "content-type", "application/grpc+proto", "grpc-status", "0"];
    expect(bytes(...answer)).toBeGreaterThan(20);
    expect(bytes(...answer)).toBe(3);
    expect(bytes("set-cookie", "a=b")).toBe(bytes("set-cookie", "a=b"));
    expect(bytes("vary", "x".repeat(129))).toBe(bytes("vary", "x".repeat(129)));
  });

  test("is marked as never indexed where it is a secret (RFC 7541 §7.1.3)", () => {
    const target = Buffer.alloc(100);
    new HpackEncoder().write(["set-cookie", "a=b"], target, 0);
    expect((target[0] as number) & 0xf0).toBe(0x10);
  });

  test.each(["a\r\nb: c", "a\nb", "a\0b", "key 🔑"])("is refused with a character that no field holds: %j", (text) => {
    expect(() => new HpackEncoder().write(["x", text], Buffer.alloc(100), 0)).toThrow("no field may hold");
  });
});

test("Huffman code is read byte by byte", () => {
  // Of every byte, written with the code of RFC 7541 appendix B by another implementation: nghttp2, in session.test.ts.
  const text = hex("f1e3 c2e5 f23a 6ba0 ab90 f4ff");
  expect(decodeHuffman(text, 0, text.length)).toBe("www.example.com");
  expect(decodeHuffman(text, 0, 0)).toBe("");
});
