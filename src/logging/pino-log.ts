import { type DestinationStream, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import type { Log, LogFields } from "../base/index.ts";
import { createLineSink, type LineSink } from "./line-sink.ts";
import { openStandardOutput } from "./output.ts";

interface LogOptions {
  /** A pino level, or `silent`. */
  readonly level: string;
  /** Human-readable lines instead of JSON. */
  readonly readable: boolean;
}

export interface ProcessLog extends Log {
  /** Resolves once every line is written, or after `withinMs`. To be called before the process ends. */
  drain(withinMs: number): Promise<void>;
}

/** A log of lines on standard output, JSON unless `readable`. They hold the fields of `LogFields` and no others. */
export function createLog({ level, readable }: LogOptions): ProcessLog {
  const sink = createLineSink(openStandardOutput(), (count) => {
    log.warn({ count }, "lines of the log were dropped, since nobody took them");
  });
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    readable ? forPeople(sink) : sink,
  );
  const at = (name: keyof Log) => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(name)) {
      logger[name](listed(fields), message);
    }
  };
  const log = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    drain: (withinMs: number) => sink.drain(withinMs),
  };
  return log;
}

function forPeople(sink: LineSink): DestinationStream {
  const format = prettyFactory({ colorize: true, singleLine: true });
  return { write: (line) => sink.write(format(line) ?? "") };
}

const listedNames: Readonly<Record<keyof LogFields, true>> = {
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

/** A type does not exclude an object with more fields than it declares. Nearly all have no others, and need no copy. */
function listed(fields: LogFields): LogFields {
  for (const name in fields) {
    if (!Object.hasOwn(listedNames, name)) {
      return Object.fromEntries(Object.entries(fields).filter(([each]) => Object.hasOwn(listedNames, each)));
    }
  }
  return fields;
}
