export { type Access, type AccessTable, portAccess } from "./access.ts";
export { addressOf, createAdmission, principalOf, zidOf } from "./admission.ts";
export { createCallLog } from "./call-log.ts";
export { createErrorTranslator, type ErrorTranslator, receiptHeader } from "./errors.ts";
export { createFaultLog } from "./faults.ts";
export { listSizeOf, maxBytesOf } from "./message-sizes.ts";
export { type KernelPorts, lastOf, recordAndSign, sign, submitAndSign, submitFor } from "./ports.ts";
export type { Status, Surface } from "./surface.ts";
export { createValidation, type Validation } from "./validation.ts";
