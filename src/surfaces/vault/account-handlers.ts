import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type AccountService,
  ApiKeySchema,
  CreateApiKeyResponseSchema,
  HealthStatusSchema,
  JwtPublicKeySchema,
  ListApiKeysResponseSchema,
  ProfileSchema,
  type SignInService,
  TokenResponseSchema,
} from "#gen/vault/v1/accounts_pb.js";
import { createApiKey, tryParseApiKey } from "../../auth/index.ts";
import { VaultError } from "../../base/index.ts";
import {
  type ApiKey,
  createPersonalKey,
  exchangeKey,
  listApiKeys,
  logout,
  readProfile,
  revokePersonalKey,
} from "../../people/index.ts";
import { parseScopes } from "../../vaults/index.ts";
import { type Access, type AccessTable, submitAndSign } from "../kernel/index.ts";
import { invalid, storedTimeText, textIn, timeIn, timeText, uuidIn } from "./fields.ts";
import { askedIn, type VaultPorts } from "./ports.ts";

const persons: Access = ["person"];
const userTtlSeconds = 900;
const maxNameLength = 255;

export const accountAccess: AccessTable = {
  "vault.v1.SignInService/ExchangeApiKey": "public",
  "vault.v1.SignInService/GetJwtPublicKey": "public",
  "vault.v1.SignInService/GetHealth": "public",
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
): ServiceImpl<typeof SignInService> {
  const { sequencer, organisation, serverVersion } = ports;
  return {
    async exchangeApiKey({ apiKey }, context) {
      const refusal = limit(context);
      if (refusal !== undefined) {
        throw refusal;
      }
      const presented = tryParseApiKey(apiKey);
      if (presented?.kind !== "1ck_") {
        throw new VaultError("UNAUTHENTICATED", "Invalid credentials");
      }
      const { id: org, tokens } = await organisation();
      const { value: key } = await sequencer.submit(exchangeKey(presented));
      const { sub, scopes, id } = key;
      const session = { sub, org, scopes, keyId: id, ttlSeconds: userTtlSeconds };
      return create(TokenResponseSchema, {
        accessToken: await tokens.sign(session),
        tokenType: "Bearer",
        expiresIn: userTtlSeconds,
      });
    },
    async getJwtPublicKey() {
      const { tokens } = await organisation();
      const publicKeyBase64 = Buffer.from(tokens.jwk["x"] ?? "", "base64url").toString("base64");
      return create(JwtPublicKeySchema, { alg: "EdDSA", publicKeyBase64 });
    },
    async getHealth() {
      return create(HealthStatusSchema, { status: "healthy", version: serverVersion });
    },
  };
}

export function createAccountHandlers(ports: VaultPorts): ServiceImpl<typeof AccountService> {
  return {
    async getProfile(_request, context) {
      const { sub, email, name, role, createdAt } = await submitAndSign(ports, readProfile(askedIn(context)), context);
      return create(ProfileSchema, {
        ...{ id: sub.slice("user:".length), email: email ?? "", displayName: name, authMethod: "api_key", role },
        ...{ createdAt: storedTimeText(createdAt), orgId: (await ports.organisation()).id },
      });
    },
    async logout(_request, context) {
      const asked = askedIn(context);
      if (asked.credential.jti === null) {
        throw invalid("a key cannot be signed out: revoke it");
      }
      await submitAndSign(ports, logout(asked), context);
      return create(EmptySchema);
    },
    async createApiKey({ name, scopes, expiresAt }, context) {
      parseScopes(scopes);
      const { key, record } = createApiKey("1ck_");
      try {
        const wanted = {
          name: textIn(name, "name", 1, maxNameLength),
          scopes: [...scopes],
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

function keyMessage({ id, name, prefix, scopes, isActive, createdAt, expiresAtMs }: ApiKey) {
  return create(ApiKeySchema, {
    ...{ id, name, keyPrefix: prefix, scopes: [...scopes], isActive: isActive === 1 },
    createdAt: storedTimeText(createdAt),
    ...(expiresAtMs === null ? {} : { expiresAt: timeText(expiresAtMs) }),
  });
}
