import type { DescService } from "@bufbuild/protobuf";
import {
  type Authenticator,
  createAuthenticator,
  createPasswordHasher,
  createPasswordJudge,
  type IssuerState,
} from "./auth/index.ts";
import type { Clock, Log, RowMac } from "./base/index.ts";
import type { Config } from "./config/index.ts";
import { createReader, type Sequencer, type Store } from "./ledger/index.ts";
import type { OpenedOrganisation } from "./organisation.ts";
import type { Sealer } from "./sealing/index.ts";
import { createMetadataReader } from "./secrets/index.ts";
import {
  createAdmission,
  createCallLog,
  createErrorTranslator,
  createFaultLog,
  createValidation,
  type ErrorTranslator,
  type KernelPorts,
  listSizeOf,
  maxBytesOf,
  portAccess,
  type Surface,
  type Validation,
  zidOf,
} from "./surfaces/kernel/index.ts";
import { createVaultSurface, type VaultPorts, vaultServices } from "./surfaces/vault/index.ts";
import { createZscSurface, zscServices } from "./surfaces/zsc/index.ts";
import {
  cancellationOf,
  canStreamList,
  createServer,
  defaultLimits,
  type HealthSource,
  streamList,
  type ZscServer,
} from "./transport/index.ts";

export interface Parts {
  readonly store: Store;
  readonly sequencer: Sequencer;
  readonly sealer: Sealer;
  readonly mac: RowMac;
  readonly health: HealthSource;
  readonly organisation: () => Promise<OpenedOrganisation>;
  readonly fingerprint: VaultPorts["fingerprint"];
  /** Of the program. */
  readonly version: string;
  readonly clock: Clock;
}

/** After the first callers, who were waiting for the port to open. */
const warmUpAfterMs = 1_000;

/** Composes the port of a vault. It does not listen yet. */
export function createPort(config: Config, parts: Parts, log: Log): ZscServer {
  const { store, sequencer, sealer, mac, health, organisation, fingerprint, version, clock } = parts;
  const services = [...zscServices, ...vaultServices];
  const validation = createValidation(services.flatMap(({ methods }) => methods.map(({ input }) => input)));
  const kernel: KernelPorts = {
    ...{ sequencer, cancellationOf, canStreamList, streamList },
    maxAnswerBytes: defaultLimits.maxResponseBytes,
  };
  const reader = createReader(store, mac);
  const vaultPorts = {
    ...kernel,
    sealer,
    reader,
    organisation,
    fingerprint,
    clock,
    readiness: health.ready,
    passwords: { ...createPasswordHasher(), judge: createPasswordJudge() },
    signUpIsOpen: config.signUpIsOpen,
    userTokenSeconds: config.userTokenSeconds,
    agentTokenSeconds: config.agentTokenSeconds,
    serverVersion: version,
  };
  const surfaces = [
    createZscSurface({ ...kernel, sealer, reader, metadata: createMetadataReader(reader) }, validation, config.callMs),
    createVaultSurface(vaultPorts, config),
  ] as const;
  const server = serveSurfaces(surfaces, { config, validation, health, clock, log });
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

interface Serving {
  readonly config: Config;
  readonly validation: Validation;
  readonly health: HealthSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** One server for all surfaces. Errors outside of any method look as those of the first surface. */
function serveSurfaces(
  surfaces: readonly [Surface, ...Surface[]],
  { config, validation, health, clock, log }: Serving,
): ZscServer {
  const ownOf = surfaces.flatMap(({ services, authenticator, clientAddress }) =>
    authenticator === undefined
      ? []
      : services.map(({ service }) => [service, { authenticator, ...(clientAddress && { clientAddress }) }] as const),
  );
  const tables = [...surfaces.map(({ access }) => access), portAccess];
  const admission = createAdmission(authenticatorOf(config, clock, log), tables, new Map(ownOf));
  const translators = new Map<DescService, ErrorTranslator>();
  for (const surface of surfaces) {
    const translate = createErrorTranslator(surface);
    for (const { service } of surface.services) {
      translators.set(service, translate);
    }
  }
  const other = createErrorTranslator(surfaces[0]);
  const { tls } = config;
  return createServer({
    services: surfaces.flatMap(({ services }) => services),
    admit: admission.admit,
    approve: admission.approve,
    check: ({ input }, message) => validation.check(input, message),
    translate: (reason, method) => ((method && translators.get(method.parent)) ?? other)(reason),
    shareOf: zidOf,
    sizes: { maxBytes: maxBytesOf, listSize: listSizeOf },
    jsonSurfaces: surfaces.flatMap(({ json }) => json ?? []),
    pages: surfaces.flatMap(({ pages }) => pages ?? []),
    health,
    onCall: createCallLog(log),
    onFault: createFaultLog(log),
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key.text() } }),
  });
}

function authenticatorOf({ jwt, callers }: Config, clock: Clock, log: Log): Authenticator {
  const onIssuerState = (state: IssuerState) => {
    if (state.reachable) {
      log.info({}, "the keys of the external issuer are within reach again");
    } else {
      log.warn({ reason: state.reason }, "the keys of the external issuer are out of reach (ZSC_CALLER_JWKS_URL)");
    }
  };
  const secret = jwt.secret.bytes;
  return createAuthenticator({ ...jwt, secret, clock, external: callers, onIssuerState });
}
