/**
 * The services as the schema has them, for clients of a transport of one's own.
 *
 * @example
 *     const context = createClient(ZeqContext, createGrpcTransport({ baseUrl, interceptors: [authenticate] }));
 *     const admin = createClient(ZscAdmin, createConnectTransport({ baseUrl, httpVersion: "2" }));
 */
export { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
export { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
export { createZscClient, type ReadOptions, type ZscClient } from "./client.ts";
export { ZscError, type ZscErrorCode } from "./error.ts";
export type { RetryOptions, TlsOptions, ZscClientOptions } from "./options.ts";
export type { SecretOrError, SecretRead } from "./reading.ts";
export type { CallOptions, Service } from "./service.ts";
export { type TokenFile, type TokenSource, tokenFromFile } from "./token.ts";
