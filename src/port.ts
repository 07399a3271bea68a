import { emit_null } from "#gen/zsc/v1/rules_pb.js";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { type Authenticator, createAuthenticator } from "./auth/authenticator.ts";
import type { Config } from "./config/config.ts";
import { systemClock } from "./domain/clock.ts";
import { fieldsOfError, type Log } from "./domain/log.ts";
import { createMetadataReader } from "./ledger/metadata-reader.ts";
import { createReadiness } from "./ledger/readiness.ts";
import type { Sequencer } from "./ledger/sequencer.ts";
import type { Store } from "./ledger/store.ts";
import { createAdminHandlers } from "./rpc/admin-handlers.ts";
import { createAdmission } from "./rpc/admission.ts";
import { createCallLog } from "./rpc/call-log.ts";
import { createContextHandlers } from "./rpc/context-handlers.ts";
import { connectErrorOf } from "./rpc/errors.ts";
import { createMistake, failureOf, prepare } from "./rpc/json-surface.ts";
import type { RpcPorts } from "./rpc/ports.ts";
import { createValidation } from "./rpc/validation.ts";
import type { Sealer } from "./sealing/envelope.ts";
import {
  bindService,
  cancellationOf,
  canStreamList,
  createServer,
  defaultLimits,
  streamList,
  type ZscServer,
} from "./transport/index.ts";

export interface Parts {
  readonly store: Store;
  readonly sequencer: Sequencer;
  readonly sealer: Sealer;
}

/** After the first callers, who were waiting for the port to open. */
const warmUpAfterMs = 1_000;

/** Composes the port of a vault. It does not listen yet. */
export function createPort(config: Config, { store, sequencer, sealer }: Parts, log: Log): ZscServer {
  const metadata = createMetadataReader(store);
  const ports: RpcPorts = {
    ...{ sequencer, sealer, metadata, cancellationOf, canStreamList, streamList },
    maxAnswerBytes: defaultLimits.maxResponseBytes,
  };
  const validation = createValidation([...ZscAdmin.methods, ...ZeqContext.methods].map(({ input }) => input));
  const { tls } = config;
  const server = createServer({
    services: [
      bindService(ZscAdmin, createAdminHandlers(ports)),
      bindService(ZeqContext, createContextHandlers(ports)),
    ],
    admit: createAdmission(authenticatorOf(config)),
    check: ({ input }, message) => validation.check(input, message),
    translate: connectErrorOf,
    jsonSurfaces: [
      {
        prefix: "/api/zsc",
        emitNull: emit_null,
        prepare,
        mistake: createMistake(validation),
        success: (_method, json) => ({ ok: true, ...json }),
        failure: failureOf,
      },
    ],
    health: { ready: createReadiness(store) },
    onCall: createCallLog(log),
    onFault: ({ where, error }) => log.debug({ ...fieldsOfError(error), address: where }, "a connection failed"),
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key.text() } }),
  });
  return {
    async listen(address) {
      const listening = await server.listen(address);
      setTimeout(validation.warmUp, warmUpAfterMs).unref();
      return listening;
    },
    close: (graceMs) => server.close(graceMs),
  };
}

function authenticatorOf({ jwt, callers }: Config): Authenticator {
  return createAuthenticator({ ...jwt, secret: jwt.secret.bytes, clock: systemClock, external: callers });
}
