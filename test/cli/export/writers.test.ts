import fc from "fast-check";
import { type ExportedSecret, writeDotenv, writeExport } from "../../../src/cli/export/index.ts";
import { parseImport } from "../../../src/cli/import/index.ts";

const variable = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/).filter((name) => !name.startsWith("DOPPLER_"));
const piece = fc.constantFrom(..."'\"\\$#` \t\n\r=é🔑\u00a0\u201c{(", "\\n", "\\\\", "-----BEGIN ", "-----END ", "abc");
const value = fc
  .oneof(
    fc.array(piece, { minLength: 1, maxLength: 30 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", minLength: 1 }).map((text) => text.toWellFormed().replaceAll("\0", "0")),
  )
  .filter((text) => !/^\s*(?:op|zsc):\/\/|^\s*(?:ENC\[|encrypted:)/.test(text));

const zid = fc.stringMatching(/^[A-Z][A-Z0-9-]{0,20}$/);
const secret: fc.Arbitrary<ExportedSecret> = fc.record({
  name: fc.stringMatching(/^[a-z🔑][a-z0-9 %_-]{0,10}(?:\/[a-z]{1,5}){0,3}$/u),
  value: fc.oneof(value, fc.constantFrom("\0", "op://a/b", "ENC[x]", "encrypted:x", "x\n")),
  purposeTag: fc.option(fc.stringMatching(/^[a-z]{1,10}$/)),
  boundZid: zid,
  permissions: fc.array(zid, { maxLength: 5 }),
  expiresZeqond: fc.option(fc.nat()),
  receipt: fc.option(fc.record({ seq: fc.nat().map(String), rowHash: fc.constant("ab") })),
});

async function written(secrets: readonly ExportedSecret[]): Promise<string> {
  const header = { exportedAt: "2026-11-27T00:00:00Z", vault: "https://v", head: { seq: "9" } };
  const pieces: string[] = [];
  for await (const each of writeExport(header, secrets)) {
    pieces.push(each);
  }
  return pieces.join("");
}

describe("writing .env", () => {
  test.each([
    ["abc-1.2/3:4", "A=abc-1.2/3:4\n"],
    ["a b", "A='a b'\n"],
    ["a\nb", "A='a\nb'\n"],
    ['$a #b "c" \\n', "A='$a #b \"c\" \\n'\n"],
    ["it's", 'A="it\'s"\n'],
    ["a\r\n", 'A="a\\r\n"\n'],
    ["a\\", 'A="a\\\\"\n'],
    ["'$a`\"", 'A="\'\\$a`\\""\n'],
    ["\u00a0a", "A='\u00a0a'\n"],
  ])("%j", (each, text) => {
    expect(writeDotenv([{ name: "A", value: each }])).toEqual({ text, refused: [] });
  });

  test("refuses what it cannot carry, by name and without the value", () => {
    const secrets = [
      { name: "a/b", value: "x" },
      { name: "1A", value: "x" },
      { name: "B", value: "s3cr3t\0" },
      { name: "C", value: "\ud800" },
      { name: "D", value: "x" },
    ];
    expect(writeDotenv(secrets)).toEqual({
      text: "D=x\n",
      refused: [
        { name: "a/b", why: "not_a_variable" },
        { name: "1A", why: "not_a_variable" },
        { name: "B", why: "not_text" },
        { name: "C", why: "not_text" },
      ],
    });
  });

  test("an import reads back every byte", () => {
    fc.assert(
      fc.property(fc.dictionary(variable, value), (record) => {
        const secrets = Object.entries(record).map(([name, each]) => ({ name, value: each }));
        const { text, refused } = writeDotenv(secrets);
        const parsed = parseImport(Buffer.from(text), {});
        expect(refused).toEqual([]);
        expect(parsed.format).toBe("env");
        expect(parsed.entries.map(({ name, value: read }) => ({ name, value: read }))).toEqual(secrets);
        expect([...parsed.refused, ...parsed.skipped]).toEqual([]);
        expect(parsed.warnings.every(({ why }) => why === "escape_read")).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("writing our own export", () => {
  test("is one JSON document, a secret a line, with the fields of the contract", async () => {
    const one = {
      name: "a",
      value: "x",
      purposeTag: null,
      boundZid: "Z",
      permissions: [],
      expiresZeqond: null,
      receipt: null,
    };
    const text = await written([{ ...one, more: "not written" } as ExportedSecret]);
    expect(JSON.parse(text)).toEqual({
      ...{ zsc: "export", version: 1, exportedAt: "2026-11-27T00:00:00Z", vault: "https://v", head: { seq: "9" } },
      ...{ count: 1, secrets: [one] },
    });
    expect(text.split("\n")).toHaveLength(4);
  });

  test("an import reads back every field", async () => {
    const secrets = fc.uniqueArray(secret, { selector: ({ name }) => name, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(secrets, async (all) => {
        const { format, entries, skipped, warnings, refused } = parseImport(Buffer.from(await written(all)), {});
        expect({ format, skipped, warnings, refused }).toEqual({
          format: "zsc",
          skipped: [],
          warnings: [],
          refused: [],
        });
        expect(entries).toEqual(
          all.map(({ purposeTag, receipt: _, ...each }, index) => ({
            ...each,
            line: index + 2,
            ...(purposeTag === null ? {} : { purposeTag }),
          })),
        );
      }),
      { numRuns: 500 },
    );
  });
});
