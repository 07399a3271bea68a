export { createLog, type ProcessLog } from "./log.ts";
