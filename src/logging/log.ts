import { prettyFactory } from "pino-pretty";
import type { Log, LogFields } from "../base/index.ts";
import { jsonLine, type Level } from "./json-line.ts";
import { createLineSink, type LineSink } from "./line-sink.ts";
import { openStandardOutput } from "./output.ts";

/** From which level on lines are written; at `fatal` and `silent` none are. */
type Threshold = Level | "trace" | "fatal" | "silent";

interface LogOptions {
  readonly level: Threshold;
  /** Human-readable lines instead of JSON. */
  readonly readable: boolean;
}

export interface ProcessLog extends Log {
  /** Resolves once every line is written, or after `withinMs`. To be called before the process ends. */
  drain(withinMs: number): Promise<void>;
}

const order: readonly Threshold[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** A log of lines on standard output, JSON unless `readable`. They hold the fields of `LogFields` and no others. */
export function createLog({ level, readable }: LogOptions): ProcessLog {
  const sink = createLineSink(openStandardOutput(), (count) => {
    log.warn({ count }, "lines of the log were dropped, since nobody took them");
  });
  const write = readable ? forPeople(sink) : (line: string) => sink.write(line);
  const at = (name: Level) =>
    order.indexOf(name) < order.indexOf(level)
      ? () => undefined
      : (fields: LogFields, message: string) => write(jsonLine(name, fields, message, Date.now()));
  const log = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    drain: (withinMs: number) => sink.drain(withinMs),
  };
  return log;
}

function forPeople(sink: LineSink): (line: string) => void {
  const format = prettyFactory({ colorize: true, singleLine: true });
  return (line) => sink.write(format(line) ?? "");
}
