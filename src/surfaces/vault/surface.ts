import { AccountService, SignInService } from "#gen/vault/v1/accounts_pb.js";
import { AgentService } from "#gen/vault/v1/agents_pb.js";
import { AuditService } from "#gen/vault/v1/audit_pb.js";
import { PolicyService } from "#gen/vault/v1/policies_pb.js";
import { SecretService } from "#gen/vault/v1/secrets_pb.js";
import { VaultService } from "#gen/vault/v1/vaults_pb.js";
import { createPersonAuthenticator } from "../../auth/index.ts";
import type { RateLimit } from "../../base/index.ts";
import { findApiKey } from "../../people/index.ts";
import { bindService, type CallOrigin, originOf, type Page } from "../../transport/index.ts";
import type { AccessTable, Surface } from "../kernel/index.ts";
import { accountAccess, createAccountHandlers, createSignInHandlers } from "./account-handlers.ts";
import { agentAccess, createAgentHandlers } from "./agent-handlers.ts";
import { auditAccess, createAuditHandlers } from "./audit-handlers.ts";
import { clientAddress } from "./client-address.ts";
import { createVaultJson } from "./json-surface.ts";
import { createPolicyHandlers, policyAccess } from "./policy-handlers.ts";
import type { VaultPorts } from "./ports.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createSecretHandlers, secretAccess } from "./secret-handlers.ts";
import { errorDomain, vaultStatus } from "./status.ts";
import { createVaultHandlers, vaultAccess } from "./vault-handlers.ts";

/** The services of this surface, whose messages `Validation` has to know. */
export const vaultServices = [
  VaultService,
  SecretService,
  PolicyService,
  AgentService,
  AccountService,
  AuditService,
] as const;

const vaultSurfaceAccess: AccessTable = {
  ...vaultAccess,
  ...secretAccess,
  ...policyAccess,
  ...agentAccess,
  ...accountAccess,
  ...auditAccess,
};

/** The limit of a message, and of a body of `/v1` (contract 1claw.md, D5). */
const maxMessageBytes = 5_242_880;

/** How the surface is served. */
interface VaultSurfaceOptions {
  /** The deadline of a JSON call. */
  readonly callMs: number;
  /** For each address: all calls, and those to the token routes; null: none. */
  readonly rateLimit: RateLimit | null;
  readonly authRateLimit: RateLimit | null;
  readonly trustedProxies: readonly string[];
}

/** 1Claw's vault API. */
export function createVaultSurface(ports: VaultPorts, options: VaultSurfaceOptions): Surface {
  const { callMs, rateLimit, authRateLimit, trustedProxies } = options;
  const nowMs = () => performance.now();
  const limitAll = createRateLimit(rateLimit, trustedProxies, nowMs);
  const limitSignIn = createRateLimit(authRateLimit, trustedProxies, nowMs);
  const clientAddressOf = (from: CallOrigin | undefined) =>
    from === undefined ? "" : clientAddress(from, trustedProxies);
  const limits = { maxMessageBytes };
  return {
    services: [
      bindService(VaultService, createVaultHandlers(ports), limits),
      bindService(SecretService, createSecretHandlers(ports), limits),
      bindService(PolicyService, createPolicyHandlers(ports), limits),
      bindService(AgentService, createAgentHandlers(ports), limits),
      bindService(AccountService, createAccountHandlers(ports), limits),
      bindService(AuditService, createAuditHandlers(ports), limits),
      bindService(
        SignInService,
        createSignInHandlers(
          ports,
          (context) => limitSignIn(originOf(context)),
          (context) => clientAddressOf(originOf(context)),
        ),
        { public: true },
      ),
    ],
    authenticator: createPersonAuthenticator({
      verify: async (token, nowMs) => (await ports.organisation()).tokens.verify(token, nowMs),
      clock: ports.clock,
      async findKey(key) {
        const { value } = await ports.sequencer.submit(findApiKey(key));
        return { sub: value.sub, keyId: value.id };
      },
    }),
    clientAddress: clientAddressOf,
    access: vaultSurfaceAccess,
    status: vaultStatus,
    errorDomain,
    json: createVaultJson(callMs, (_method, from) => limitAll(from)),
    pages: [keySetOf(ports)],
  };
}

function keySetOf({ organisation }: VaultPorts): Page {
  return {
    httpMethod: "GET",
    path: "/.well-known/jwks.json",
    async answer() {
      const { tokens } = await organisation();
      return {
        status: 200,
        headers: { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=300" },
        body: JSON.stringify({ keys: [tokens.jwk] }),
      };
    },
  };
}
