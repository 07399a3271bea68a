import type { LogFields } from "../base/index.ts";

export type Level = "debug" | "info" | "warn" | "error";

const names: Readonly<Record<keyof LogFields, true>> = {
  method: true,
  code: true,
  ms: true,
  requestId: true,
  zid: true,
  receipt: true,
  reason: true,
  stack: true,
  count: true,
  address: true,
  database: true,
  setting: true,
  secrets: true,
  head: true,
};

/**
 * One line of the log, as pino writes it: level, time, the fields in their order and the message. A type does not
 * exclude an object with more fields than it declares: those of `LogFields` are written and no others.
 */
export function jsonLine(level: Level, fields: LogFields, message: string, nowMs: number): string {
  let line = beginningOf(level, nowMs);
  for (const name in fields) {
    const value = fields[name as keyof LogFields];
    if (value === undefined || !Object.hasOwn(names, name)) {
      continue;
    }
    const label = labels[name as keyof LogFields];
    // Most texts have nothing to escape.
    line += typeof value === "string" && isPlain(value) ? `${label}"${value}"` : label + JSON.stringify(value);
  }
  return isPlain(message) ? `${line},"msg":"${message}"}\n` : `${line},"msg":${JSON.stringify(message)}}\n`;
}

/** `,"name":` of each field. */
const labels = Object.fromEntries(Object.keys(names).map((name) => [name, `,"${name}":`])) as Readonly<
  Record<keyof LogFields, string>
>;

function isPlain(text: string): boolean {
  return /^[ !#-[\]-~]*$/.test(text);
}

let lastLevel: Level | undefined;
let lastMs = Number.NaN;
let lastText = "";

/** Level and time, ISO 8601. The calls of a batch end within a millisecond or two. */
function beginningOf(level: Level, nowMs: number): string {
  if (nowMs !== lastMs || level !== lastLevel) {
    lastLevel = level;
    lastMs = nowMs;
    lastText = `{"level":"${level}","time":"${new Date(nowMs).toISOString()}"`;
  }
  return lastText;
}
