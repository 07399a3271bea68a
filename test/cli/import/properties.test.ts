import fc from "fast-check";
import { CliFailure } from "../../../src/cli/failure.ts";
import { type ImportFormat, importFormats, readDotenv } from "../../../src/cli/import/index.ts";
import { parse } from "./outcome.ts";

const signs = [
  ..."AB=:#'\"`\\$ \t\n\r{}[],-&*!|>%@?~0\0é\u00a0",
  "\r\n",
  "export ",
  "-----BEGIN ",
  "-----END ",
  "\u201c",
];
const words = ["name", "value", "data", "kind", "Secret", "apiVersion", "stringData", "fields", "<<: *", "null", "\\u"];
const dotenvText = fc.array(fc.constantFrom(...signs), { maxLength: 60 }).map((parts) => parts.join(""));
const anyText = fc.oneof(
  fc.array(fc.constantFrom(...signs, ...words), { maxLength: 60 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary" }),
  fc.json(),
);
const anyFormat = fc.option(fc.constantFrom<ImportFormat>(...importFormats), { nil: undefined });

describe("whatever the input", () => {
  test("no line of .env text is lost: each is blank, a comment, or of exactly one entry or refusal", () => {
    fc.assert(
      fc.property(dotenvText, (text) => {
        const told = new Map<number, number>();
        for (const { kind, line, lastLine = line } of readDotenv(text)) {
          for (let each = line; kind !== "warning" && each <= lastLine; each += 1) {
            told.set(each, (told.get(each) ?? 0) + 1);
          }
        }
        text.split(/\r\n|\r|\n/).forEach((line, index) => {
          const isOutside = /^[ \t]*(?:#[^\0]*)?$/.test(line);
          expect(told.get(index + 1) ?? 0).toBeLessThanOrEqual(1);
          expect(isOutside || told.get(index + 1) === 1).toBe(true);
        });
      }),
      { numRuns: 5_000 },
    );
  });

  test("nothing is thrown but our own failures", () => {
    const options = fc.record({
      format: anyFormat,
      strict: fc.boolean(),
      lastWins: fc.boolean(),
      expandJson: fc.boolean(),
    });
    fc.assert(
      fc.property(anyText, options, (text, { format, ...flags }) => {
        try {
          parse(text, { ...flags, ...(format === undefined ? {} : { format }) });
        } catch (error) {
          expect(error).toBeInstanceOf(CliFailure);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test("bytes that are no text are refused with a line", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const { refused } = parse(bytes, { format: "env" });
        expect(refused.every(({ line }) => line >= 1)).toBe(true);
      }),
    );
  });

  test("what every JSON reader reads, ours reads alike", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 })),
        fc.boolean(),
        (record, wide) => {
          const { entries, refused } = parse(JSON.stringify(record, null, wide ? 2 : 0), { format: "json" });
          for (const { name, value } of entries) {
            expect(value).toBe(record[name]);
          }
          expect(entries.length + refused.length).toBe(Object.keys(record).length);
        },
      ),
    );
  });

  test("JSON is read alike as JSON and as YAML", () => {
    const tree = fc.object({
      key: fc.string({ maxLength: 9 }),
      values: [fc.string(), fc.nat(), fc.boolean(), fc.constant(null)],
    });
    fc.assert(
      fc.property(tree, (each) => {
        const text = JSON.stringify(each, null, 1);
        expect(parse(text, { format: "yaml" })).toEqual({ ...parse(text, { format: "json" }), format: "yaml" });
      }),
    );
  });

  test("no remark holds a value, nor anything but its four fields", () => {
    const value = "s3cr3tMARK";
    const templates = [
      "A=%#\nA=%x\nB=`%`\nC='%'x\n%\nF: -----BEGIN X\n%=\n-----END X\n% %=1\n%: x\nX: %\nexport %\nD=-----BEGIN %\n%=\nE=\u201c%\u201d",
      "F='%\n%",
      '{"a":"%","a":"%x","b":["%"],"c":{"d":"ENC[%]"},"e":"op://%","f":"%\\n","g":"%\\ud800"}',
      '{"a":"%", "%}',
      '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"n"},"data":{"a":"%*","b":"%"}}',
      '{"ARN":"a","Name":"n","SecretString":"{\\"%"}',
      "a: %\nb: [%]\nc: !x %\nd: *%\n",
      "a: '%\n%: %",
    ];
    for (const template of templates) {
      const formats = [undefined, ...importFormats];
      for (const format of formats) {
        const { entries: _, ...rest } = parse(template.replaceAll("%", value), format === undefined ? {} : { format });
        const remarks = [...rest.skipped, ...rest.warnings, ...rest.refused];
        // A key is a name, also where a template puts the mark into a key of JSON or YAML.
        expect(JSON.stringify(remarks.map(({ name, ...others }) => [others, name]))).not.toContain(value);
        for (const remark of remarks) {
          expect(["name", "why", "line", "lastLine"]).toEqual(expect.arrayContaining(Object.keys(remark)));
        }
      }
    }
  });
});
