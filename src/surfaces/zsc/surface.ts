import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { bindService } from "../../transport/index.ts";
import type { AccessTable, Surface, Validation } from "../kernel/index.ts";
import { adminAccess, createAdminHandlers } from "./admin-handlers.ts";
import { contextAccess, createContextHandlers } from "./context-handlers.ts";
import { createZscJson } from "./json-surface.ts";
import type { ZscPorts } from "./ports.ts";
import { errorDomain, statusTable } from "./status.ts";

/** The services of ZSC, whose messages `Validation` has to know. */
export const zscServices = [ZscAdmin, ZeqContext] as const;

/** Who may call what, each method beside its handler. */
export const zscAccess: AccessTable = { ...adminAccess, ...contextAccess };

/** ZSC's own API. `callMs`: the deadline of a JSON call. */
export function createZscSurface(ports: ZscPorts, validation: Validation, callMs: number): Surface {
  return {
    services: [
      bindService(ZscAdmin, createAdminHandlers(ports)),
      bindService(ZeqContext, createContextHandlers(ports)),
    ],
    access: zscAccess,
    status: statusTable,
    errorDomain,
    json: createZscJson(validation, callMs),
  };
}
