export { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
export { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
export { createZscClient, type ReadOptions, type ZscClient } from "./client.ts";
export { ZscError, type ZscErrorCode } from "./error.ts";
export type { RetryOptions, TlsOptions, ZscClientOptions } from "./options.ts";
export type { SecretOrError, SecretRead } from "./reading.ts";
export type { CallOptions, Service } from "./service.ts";
export { type TokenFile, tokenFromFile } from "./token.ts";
