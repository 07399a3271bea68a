import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type AccountService,
  AgentTokenResponseSchema,
  ApiKeySchema,
  CreateApiKeyResponseSchema,
  HealthStatusSchema,
  JwtPublicKeySchema,
  KeyHealthStatusSchema,
  ListApiKeysResponseSchema,
  type SignInService,
  TokenResponseSchema,
} from "#gen/vault/v1/accounts_pb.js";
import { createApiKey, type PresentedKey, tryParseApiKey } from "../../auth/index.ts";
import { VaultError, zeqondMs } from "../../base/index.ts";
import {
  type ApiKey,
  createPersonalKey,
  type ExchangedKey,
  exchangeAgentKey,
  exchangeKey,
  findApiKey,
  listApiKeys,
  logout,
  type Person,
  refuseSignIn,
  revokePersonalKey,
} from "../../people/index.ts";
import { type Access, type AccessTable, lastOf, sign, submitAndSign } from "../kernel/index.ts";
import { invalid, scopesIn, storedTimeText, textIn, timeIn, timeText, uuidIn } from "./fields.ts";
import { createPasswordAccounts, createPasswordSignIns, passwordAccess } from "./password-handlers.ts";
import { askedIn, type VaultPorts } from "./ports.ts";

const persons: Access = ["person"];
const maxNameLength = 255;

export const accountAccess: AccessTable = {
  ...passwordAccess,
  "vault.v1.SignInService/ExchangeApiKey": "public",
  "vault.v1.SignInService/ExchangeAgentKey": "public",
  "vault.v1.SignInService/GetJwtPublicKey": "public",
  "vault.v1.SignInService/GetHealth": "public",
  "vault.v1.SignInService/GetKeyHealth": "public",
  "vault.v1.AccountService/GetProfile": persons,
  "vault.v1.AccountService/Logout": persons,
  "vault.v1.AccountService/CreateApiKey": persons,
  "vault.v1.AccountService/ListApiKeys": persons,
  "vault.v1.AccountService/RevokeApiKey": persons,
};

/** @param limit refuses a caller who signs in too often, also over gRPC: each try is a row of the log */
export function createSignInHandlers(
  ports: VaultPorts,
  limit: (context: HandlerContext) => VaultError | undefined,
  addressOf: (context: HandlerContext) => string,
): ServiceImpl<typeof SignInService> {
  const { sequencer, organisation, readiness, serverVersion, userTokenSeconds, agentTokenSeconds } = ports;
  return {
    ...createPasswordSignIns(ports, { limit, addressOf }),
    async exchangeApiKey({ apiKey }, context) {
      const presented = admit(apiKey, context);
      if (presented?.kind === "ocv_") {
        return create(TokenResponseSchema, (await signInAgent(presented, undefined, context)).token);
      }
      return create(TokenResponseSchema, await signInUser(presented, context));
    },
    async exchangeAgentKey({ apiKey, agentId }, context) {
      const presented = admit(apiKey, context);
      const wantedId = agentId === undefined ? undefined : uuidIn(agentId, "agent_id");
      const { agent, token } = await signInAgent(presented, wantedId, context);
      const found = { agentId: agent.sub.slice("agent:".length), vaultIds: [...agent.vaultIds] };
      return create(AgentTokenResponseSchema, { ...token, ...(wantedId === undefined ? found : {}) });
    },
    async getJwtPublicKey() {
      const { tokens } = await organisation();
      const publicKeyBase64 = Buffer.from(tokens.jwk["x"] ?? "", "base64url").toString("base64");
      return create(JwtPublicKeySchema, { alg: "EdDSA", publicKeyBase64 });
    },
    async getHealth() {
      const { ready } = await readiness();
      return create(HealthStatusSchema, { status: ready ? "healthy" : "degraded", version: serverVersion });
    },
    async getKeyHealth() {
      return create(KeyHealthStatusSchema, { status: "ok" });
    },
  };

  function admit(apiKey: string, context: HandlerContext): PresentedKey | undefined {
    const refusal = limit(context);
    if (refusal !== undefined) {
      throw refusal;
    }
    return keyIn(apiKey);
  }

  /** Undefined: nobody's. */
  async function ownerOf(presented: PresentedKey): Promise<string | undefined> {
    try {
      return (await sequencer.submit(findApiKey(presented))).value.sub;
    } catch (error) {
      if (error instanceof VaultError && error.code === "UNAUTHENTICATED") {
        return undefined;
      }
      throw error;
    }
  }

  async function signInUser(presented: PresentedKey | undefined, context: HandlerContext) {
    const { id: org, tokens } = await organisation();
    const address = addressOf(context);
    const owner = presented === undefined ? undefined : await ownerOf(presented);
    const exchange =
      presented === undefined ? refuseSignIn("api_key", address) : exchangeKey(presented, owner, address);
    const { value, receipts } = await sequencer.submit<ExchangedKey>(exchange);
    const { sub, scopes, id: keyId } = value.key;
    const { tokenEpoch: epoch } = value.person;
    const token = await tokens.sign({ sub, org, scopes, keyId, epoch, ttlSeconds: userTokenSeconds });
    sign(context, lastOf(receipts));
    return tokenFields(token, userTokenSeconds);
  }

  async function signInAgent(
    presented: PresentedKey | undefined,
    agentId: string | undefined,
    context: HandlerContext,
  ) {
    const { id: org, tokens } = await organisation();
    const address = addressOf(context);
    const exchange =
      presented === undefined ? refuseSignIn("agent_key", address) : exchangeAgentKey(presented, agentId, address);
    const { value: agent, receipts } = await sequencer.submit<Person>(exchange);
    const { sub, scopes, vaultIds, keyPrefix: keyId, tokenEpoch: epoch } = agent;
    const ttlSeconds = agent.tokenTtlSeconds ?? agentTokenSeconds;
    const token = await tokens.sign({ sub, org, scopes, vaultIds, keyId, epoch, ttlSeconds });
    sign(context, lastOf(receipts));
    return { agent, token: tokenFields(token, ttlSeconds) };
  }
}

/** A key as it was presented; undefined for a text that is none. */
function keyIn(text: string): PresentedKey | undefined {
  if (text === "") {
    throw invalid("api_key must be given");
  }
  return tryParseApiKey(text);
}

function tokenFields(accessToken: string, expiresIn: number) {
  return { accessToken, tokenType: "Bearer", expiresIn };
}

export function createAccountHandlers(ports: VaultPorts): ServiceImpl<typeof AccountService> {
  return {
    ...createPasswordAccounts(ports),
    async logout(_request, context) {
      const asked = askedIn(context);
      if (asked.credential.jti === null) {
        throw invalid("a key cannot be signed out: revoke it");
      }
      await submitAndSign(ports, logout(asked), context);
      return create(EmptySchema);
    },
    async createApiKey({ name, scopes, expiresAt }, context) {
      const wantedScopes = scopesIn(scopes);
      const { key, record } = createApiKey("1ck_");
      try {
        const wanted = {
          name: textIn(name, "name", 1, maxNameLength),
          scopes: wantedScopes,
          expiresAtMs: timeIn(expiresAt),
          record,
        };
        const made = await submitAndSign(ports, createPersonalKey(askedIn(context), wanted), context);
        return create(CreateApiKeyResponseSchema, { key: keyMessage(made), apiKey: key.text() });
      } finally {
        key.wipe();
      }
    },
    async listApiKeys(_request, context) {
      const keys = await submitAndSign(ports, listApiKeys(askedIn(context)), context);
      return create(ListApiKeysResponseSchema, { keys: keys.map(keyMessage) });
    },
    async revokeApiKey({ keyId }, context) {
      await submitAndSign(ports, revokePersonalKey(askedIn(context), uuidIn(keyId, "key_id")), context);
      return create(EmptySchema);
    },
  };
}

function keyMessage({ id, name, prefix, scopes, isActive, createdAt, expiresAtMs, lastUsedZeqond }: ApiKey) {
  return create(ApiKeySchema, {
    ...{ id, name, keyPrefix: prefix, scopes: [...scopes], isActive: isActive === 1 },
    createdAt: storedTimeText(createdAt),
    ...(expiresAtMs === null ? {} : { expiresAt: timeText(expiresAtMs) }),
    ...(lastUsedZeqond === null ? {} : { lastUsedAt: timeText(lastUsedZeqond * zeqondMs) }),
  });
}
