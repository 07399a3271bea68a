import fc from "fast-check";
import { pino } from "pino";
import type { LogFields } from "../../src/base/log.ts";
import { jsonLine, type Level } from "../../src/logging/json-line.ts";

/** The same line by the library. */
function byPino(level: Level, fields: LogFields, message: string, nowMs: number): string {
  let line = "";
  const options = {
    level: "debug",
    base: null,
    timestamp: () => `,"time":"${new Date(nowMs).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const write = (text: string) => {
    line = text;
  };
  pino(options, { write })[level](fields, message);
  return line;
}

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constant('"\\\u2028\n\0'),
);
const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(), fc.constantFrom(0, -0, 1e21));
const fields = fc.record(
  {
    method: text,
    code: text,
    ms: number,
    requestId: text,
    zid: text,
    receipt: text,
    reason: text,
    stack: text,
    count: number,
  },
  { requiredKeys: [] },
);

test("a line is what pino would write", () => {
  const level = fc.constantFrom<Level>("debug", "info", "warn", "error");
  const time = fc.integer({ min: 0, max: 4e12 });
  fc.assert(
    fc.property(level, fields, text, time, (each, given, message, nowMs) => {
      expect(jsonLine(each, given, message, nowMs)).toBe(byPino(each, given, message, nowMs));
    }),
    { numRuns: 1_000 },
  );
});

test("a line has no field but those that a log may have", () => {
  const given = { code: "OK", value: "a plaintext", zid: undefined } as unknown as LogFields;
  expect(jsonLine("info", given, "call", 0)).toBe(
    '{"level":"info","time":"1970-01-01T00:00:00.000Z","code":"OK","msg":"call"}\n',
  );
});
