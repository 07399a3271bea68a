import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  AgentSchema,
  type AgentService,
  CreateAgentResponseSchema,
  ListAgentsResponseSchema,
  OwnAgentSchema,
  RotateAgentKeyResponseSchema,
} from "#gen/vault/v1/agents_pb.js";
import { createApiKey } from "../../auth/index.ts";
import { zeqondMs } from "../../base/index.ts";
import {
  type AgentChanges,
  createAgent,
  deactivateAgent,
  listAgents,
  type Person,
  readAgent,
  readOwnAgent,
  rotateAgentKey,
  updateAgent,
} from "../../people/index.ts";
import { type Access, type AccessTable, submitAndSign } from "../kernel/index.ts";
import { invalid, scopesIn, storedTimeText, textIn, timeIn, timeText, uuidIn, wholeIn } from "./fields.ts";
import { askedIn, type VaultPorts } from "./ports.ts";

const persons: Access = ["person"];
const maxNameLength = 255;
const maxDescriptionLength = 4_096;
const maxVaultIds = 100;
const minTtlSeconds = 61;
const maxTtlSeconds = 86_400;

export const agentAccess: AccessTable = {
  "vault.v1.AgentService/CreateAgent": persons,
  "vault.v1.AgentService/ListAgents": persons,
  "vault.v1.AgentService/GetOwnAgent": persons,
  "vault.v1.AgentService/GetAgent": persons,
  "vault.v1.AgentService/UpdateAgent": persons,
  "vault.v1.AgentService/DeleteAgent": persons,
  "vault.v1.AgentService/RotateAgentKey": persons,
};

export function createAgentHandlers(ports: VaultPorts): ServiceImpl<typeof AgentService> {
  return {
    async createAgent(request, context) {
      const { authMethod = "api_key", tokenTtlSeconds } = request;
      if (authMethod !== "api_key") {
        throw invalid("auth_method must be api_key");
      }
      const settings = {
        name: nameIn(request.name),
        description: descriptionIn(request.description),
        scopes: scopesIn(request.scopes),
        vaultIds: vaultIdsIn(request.vaultIds),
        tokenTtlSeconds: tokenTtlSeconds === undefined ? null : ttlIn(tokenTtlSeconds),
        expiresAtMs: timeIn(request.expiresAt),
        keyExpiresAtMs: timeIn(request.apiKeyExpiresAt),
      };
      const { key, record } = createApiKey("ocv_");
      try {
        const made = await submitAndSign(ports, createAgent(askedIn(context), settings, record), context);
        return create(CreateAgentResponseSchema, { agent: agentMessage(made), apiKey: key.text() });
      } finally {
        key.wipe();
      }
    },

    async listAgents(_request, context) {
      const agents = await submitAndSign(ports, listAgents(askedIn(context)), context);
      return create(ListAgentsResponseSchema, { agents: agents.map(agentMessage) });
    },

    async getOwnAgent(_request, context) {
      const agent = await submitAndSign(ports, readOwnAgent(askedIn(context)), context);
      return ownAgentMessage(agent, (await ports.organisation()).id);
    },

    async getAgent({ agentId }, context) {
      const read = readAgent(askedIn(context), uuidIn(agentId, "agent_id"));
      return agentMessage(await submitAndSign(ports, read, context));
    },

    async updateAgent(request, context) {
      const { name, description, scopes, isActive, expiresAt, vaultIds, tokenTtlSeconds, apiKeyExpiresAt } = request;
      const id = uuidIn(request.agentId, "agent_id");
      const cleared = clearedIn(request.clear);
      const changes: AgentChanges = {
        name: name === undefined ? undefined : nameIn(name),
        description: description === undefined ? undefined : descriptionIn(description),
        scopes: scopes === undefined ? undefined : scopesIn(scopes.names),
        isActive: isActive === undefined ? undefined : Number(isActive),
        expiresAtMs: expiresAt === undefined ? undefined : timeIn(expiresAt),
        vaultIds: vaultIds === undefined ? undefined : vaultIdsIn(vaultIds.ids),
        tokenTtlSeconds: tokenTtlSeconds === undefined ? undefined : ttlIn(tokenTtlSeconds),
        keyExpiresAtMs: apiKeyExpiresAt === undefined ? undefined : timeIn(apiKeyExpiresAt),
        ...cleared,
      };
      return agentMessage(await submitAndSign(ports, updateAgent(askedIn(context), id, changes), context));
    },

    async deleteAgent({ agentId }, context) {
      await submitAndSign(ports, deactivateAgent(askedIn(context), uuidIn(agentId, "agent_id")), context);
      return create(EmptySchema);
    },

    async rotateAgentKey({ agentId }, context) {
      const id = uuidIn(agentId, "agent_id");
      const { key, record } = createApiKey("ocv_");
      try {
        await submitAndSign(ports, rotateAgentKey(askedIn(context), id, record), context);
        return create(RotateAgentKeyResponseSchema, { apiKey: key.text() });
      } finally {
        key.wipe();
      }
    },
  };
}

const whenCleared: Readonly<Record<string, AgentChanges>> = {
  description: { description: "" },
  scopes: { scopes: [] },
  expires_at: { expiresAtMs: null },
  vault_ids: { vaultIds: [] },
  token_ttl_seconds: { tokenTtlSeconds: null },
  api_key_expires_at: { keyExpiresAtMs: null },
};

function clearedIn(names: readonly string[]): AgentChanges {
  return Object.assign(
    {},
    ...names.map((name) => {
      if (!Object.hasOwn(whenCleared, name)) {
        throw invalid("clear must name only fields that can be cleared");
      }
      return whenCleared[name];
    }),
  );
}

function nameIn(text: string): string {
  return textIn(text, "name", 1, maxNameLength);
}

function descriptionIn(text: string): string {
  return textIn(text, "description", 0, maxDescriptionLength);
}

function vaultIdsIn(ids: readonly string[]): readonly string[] {
  if (ids.length > maxVaultIds) {
    throw invalid(`vault_ids must have at most ${maxVaultIds} entries`);
  }
  return ids.map((id) => uuidIn(id, "vault_ids"));
}

function ttlIn(seconds: bigint): number {
  return wholeIn(seconds, "token_ttl_seconds", minTtlSeconds, maxTtlSeconds);
}

function agentMessage(agent: Person) {
  const { description, scopes, vaultIds, tokenTtlSeconds, expiresAtMs, keyExpiresAtMs, lastUsedZeqond } = agent;
  return create(AgentSchema, {
    ...{ id: idOf(agent.sub), name: agent.name, authMethod: "api_key", isActive: agent.isActive === 1 },
    ...{ scopes: [...scopes], vaultIds: [...vaultIds], createdAt: storedTimeText(agent.createdAt) },
    ...(description === "" ? {} : { description }),
    ...(tokenTtlSeconds === null ? {} : { tokenTtlSeconds }),
    ...(expiresAtMs === null ? {} : { expiresAt: timeText(expiresAtMs) }),
    ...(keyExpiresAtMs === null ? {} : { apiKeyExpiresAt: timeText(keyExpiresAtMs) }),
    ...(lastUsedZeqond === null ? {} : { lastActiveAt: timeText(lastUsedZeqond * zeqondMs) }),
  });
}

function ownAgentMessage(agent: Person, orgId: string) {
  const { name, description, scopes, createdBy, createdAt, expiresAtMs } = agent;
  return create(OwnAgentSchema, {
    ...{ id: idOf(agent.sub), name, description, orgId, scopes: [...scopes], isActive: agent.isActive === 1 },
    ...{ createdBy: createdBy === null ? "" : idOf(createdBy), createdAt: storedTimeText(createdAt) },
    ...(expiresAtMs === null ? {} : { expiresAt: timeText(expiresAtMs) }),
  });
}

function idOf(sub: string): string {
  return sub.slice(sub.indexOf(":") + 1);
}
