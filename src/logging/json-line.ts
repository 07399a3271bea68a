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
  let line = `{"level":"${level}","time":"${isoTime(nowMs)}"`;
  for (const name in fields) {
    const value = fields[name as keyof LogFields];
    if (value !== undefined && Object.hasOwn(names, name)) {
      line += `,"${name}":${typeof value === "string" ? quoted(value) : JSON.stringify(value)}`;
    }
  }
  return `${line},"msg":${quoted(message)}}\n`;
}

/** Most texts have nothing to escape. */
function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

let lastMs = Number.NaN;
let lastText = "";

/** ISO 8601. The calls of a batch end within a millisecond or two. */
function isoTime(nowMs: number): string {
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastText = new Date(nowMs).toISOString();
  }
  return lastText;
}
