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
    destination ?? (readable ? pretty({ colorize: true, singleLine: true, sync: true }) : pino.destination(1));
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  );
  return {
    debug: (fields, message) => logger.debug(listed(fields), message),
    info: (fields, message) => logger.info(listed(fields), message),
    warn: (fields, message) => logger.warn(listed(fields), message),
    error: (fields, message) => logger.error(listed(fields), message),
  };
}

/** A type is no guard against an object with more in it than it shows. */
function listed(fields: LogFields): LogFields {
  const { method, code, ms, requestId, zid, reason, stack, count, address, database, setting } = fields;
  return { method, code, ms, requestId, zid, reason, stack, count, address, database, setting } as LogFields;
}
