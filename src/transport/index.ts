export { cancellationOf, canStreamList, streamList } from "./framings/call.ts";
export { endFaultyConnection } from "./http/attribution.ts";
export type { Limits } from "./limits.ts";
export { defaultLimits } from "./limits.ts";
export type {
  Admit,
  CallHeader,
  CallOrigin,
  CallRecord,
  Check,
  ClientCertificate,
  ConnectionFault,
  Framing,
  HealthSource,
  JsonMistake,
  JsonProblem,
  JsonReply,
  JsonSurface,
  MessageSizes,
  Page,
  PageReply,
  PageRequest,
  RestOfList,
  ServerOptions,
  ServiceBinding,
  Translate,
} from "./options.ts";
export { bindService } from "./options.ts";
export type { Address, ZscServer } from "./server.ts";
export { createServer } from "./server.ts";
