export { createLog, type ProcessLog } from "./pino-log.ts";
