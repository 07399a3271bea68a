import { emit_null } from "#gen/zsc/v1/rules_pb.js";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { type Authenticator, createAuthenticator } from "./auth/authenticator.ts";
import type { IssuerState } from "./auth/issuer-keys.ts";
import type { Config } from "./config/config.ts";
import { systemClock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { createReader } from "./ledger/reader.ts";
import type { Sequencer } from "./ledger/sequencer.ts";
import type { Store } from "./ledger/store.ts";
import { portAccess, zscAccess } from "./surfaces/kernel/access.ts";
import { createAdminHandlers } from "./surfaces/zsc/admin-handlers.ts";
import { createAdmission, zidOf } from "./surfaces/kernel/admission.ts";
import { createCallLog } from "./surfaces/kernel/call-log.ts";
import { createContextHandlers } from "./surfaces/zsc/context-handlers.ts";
import { connectErrorOf } from "./surfaces/kernel/errors.ts";
import { createFaultLog } from "./surfaces/kernel/faults.ts";
import { createMistake, failureOf, prepare } from "./surfaces/zsc/json-surface.ts";
import { listSizeOf, maxBytesOf } from "./surfaces/kernel/message-sizes.ts";
import type { RpcPorts } from "./surfaces/kernel/ports.ts";
import { createValidation } from "./surfaces/kernel/validation.ts";
import type { Sealer } from "./sealing/envelope.ts";
import {
  bindService,
  cancellationOf,
  canStreamList,
  createServer,
  defaultLimits,
  type HealthSource,
  streamList,
  type ZscServer,
} from "./transport/index.ts";
import { createMetadataReader } from "./secrets/metadata-reader.ts";

export interface Parts {
  readonly store: Store;
  readonly sequencer: Sequencer;
  readonly sealer: Sealer;
  readonly health: HealthSource;
}

/** After the first callers, who were waiting for the port to open. */
const warmUpAfterMs = 1_000;

/** Composes the port of a vault. It does not listen yet. */
export function createPort(config: Config, { store, sequencer, sealer, health }: Parts, log: Log): ZscServer {
  const metadata = createMetadataReader(createReader(store));
  const ports: RpcPorts = {
    ...{ sequencer, sealer, metadata, cancellationOf, canStreamList, streamList },
    maxAnswerBytes: defaultLimits.maxResponseBytes,
  };
  const validation = createValidation([...ZscAdmin.methods, ...ZeqContext.methods].map(({ input }) => input));
  const admission = createAdmission(authenticatorOf(config, log), [zscAccess, portAccess]);
  const { tls } = config;
  const server = createServer({
    services: [
      bindService(ZscAdmin, createAdminHandlers(ports)),
      bindService(ZeqContext, createContextHandlers(ports)),
    ],
    admit: admission.admit,
    approve: admission.approve,
    check: ({ input }, message) => validation.check(input, message),
    translate: connectErrorOf,
    shareOf: zidOf,
    sizes: { maxBytes: maxBytesOf, listSize: listSizeOf },
    jsonSurfaces: [
      {
        prefix: "/api/zsc",
        timeoutMs: config.callMs,
        emitNull: emit_null,
        prepare,
        mistake: createMistake(validation),
        success: (_method, json) => ({ ok: true, ...json }),
        failure: failureOf,
      },
    ],
    health,
    onCall: createCallLog(log),
    onFault: createFaultLog(log),
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key.text() } }),
  });
  return {
    async listen(address) {
      const listening = await server.listen(address);
      setTimeout(validation.warmUp, warmUpAfterMs).unref();
      return listening;
    },
    close: (graceMs) => server.close(graceMs),
    setTls: (next) => server.setTls(next),
  };
}

function authenticatorOf({ jwt, callers }: Config, log: Log): Authenticator {
  const onIssuerState = (state: IssuerState) => {
    if (state.reachable) {
      log.info({}, "the keys of the external issuer are within reach again");
    } else {
      log.warn({ reason: state.reason }, "the keys of the external issuer are out of reach (ZSC_CALLER_JWKS_URL)");
    }
  };
  const secret = jwt.secret.bytes;
  return createAuthenticator({ ...jwt, secret, clock: systemClock, external: callers, onIssuerState });
}
