export { cancellationOf, canStreamList, originOf, streamList } from "./framings/call.ts";
export { endFaultyConnection } from "./http/attribution.ts";
export type { Limits } from "./limits.ts";
export { defaultLimits } from "./limits.ts";
export type {
  CallHeader,
  CallOrigin,
  CallRecord,
  ConnectionFault,
  HealthSource,
  JsonMistake,
  JsonProblem,
  JsonReply,
  JsonSurface,
  Page,
  RestOfList,
  ServerOptions,
  ServiceBinding,
} from "./options.ts";
export { bindService } from "./options.ts";
export type { ZscServer } from "./server.ts";
export { createServer } from "./server.ts";
