import { type DestinationStream, pino } from "pino";
import pretty from "pino-pretty";
import type { Log, LogFields } from "../domain/log.ts";

export interface LogOptions {
  /** A level of pino, or `silent`. */
  readonly level: string;
  /** Lines for people instead of JSON. */
  readonly readable: boolean;
  /** Where lines go; standard output unless given. */
  readonly destination?: DestinationStream;
}

/** A log of JSON lines that hold the listed fields and nothing else, whatever is passed. */
export function createLog({ level, readable, destination }: LogOptions): Log {
  const target =
    destination ??
    (readable
      ? pretty({ colorize: true, singleLine: true, sync: true })
      : gathering(pino.destination({ dest: 1, sync: true })));
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  );
  const at = (name: keyof Log) => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(name)) {
      logger[name](listed(fields), message);
    }
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/**
 * Writes the lines of one turn of the event loop at once: a system call for each would cost more than the line itself.
 * What is there when the process ends of its own accord is written too, hence a target that writes before it returns.
 * One that does not would also keep in memory, without bound, what nobody takes.
 */
function gathering(target: DestinationStream): DestinationStream {
  let lines = "";
  const flush = () => {
    if (lines === "") {
      return;
    }
    target.write(lines);
    lines = "";
  };
  process.on("exit", flush);
  return {
    write(line) {
      if (lines === "") {
        setImmediate(flush);
      }
      lines += line;
    },
  };
}

/** A type is no guard against an object with more in it than it shows. */
function listed(fields: LogFields): LogFields {
  const { method, code, ms, requestId, zid, reason, stack, count, address, database, setting, secrets, head } = fields;
  return {
    method,
    code,
    ms,
    requestId,
    zid,
    reason,
    stack,
    count,
    address,
    database,
    setting,
    secrets,
    head,
  } as LogFields;
}
