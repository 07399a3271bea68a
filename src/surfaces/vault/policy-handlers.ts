import { create, type JsonObject } from "@bufbuild/protobuf";
import { EmptySchema, type Value } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { ListPoliciesResponseSchema, PolicySchema, type PolicyService } from "#gen/vault/v1/policies_pb.js";
import {
  createPolicy,
  deletePolicy,
  listPolicies,
  parseConditions,
  parsePattern,
  parsePermissions,
  refOf,
  type StoredPolicy,
  updatePolicy,
} from "../../vaults/index.ts";
import { type Access, type AccessTable, submitAndSign } from "../kernel/index.ts";
import { invalid, objectText, storedTimeText, timeIn, timeText, uuidIn, wholeIn } from "./fields.ts";
import { askedIn, type VaultPorts } from "./ports.ts";

const persons: Access = ["person"];
const maxConditionBytes = 12_288;
const maxPriority = 2_147_483_647;

export const policyAccess: AccessTable = {
  "vault.v1.PolicyService/CreatePolicy": persons,
  "vault.v1.PolicyService/ListPolicies": persons,
  "vault.v1.PolicyService/UpdatePolicy": persons,
  "vault.v1.PolicyService/DeletePolicy": persons,
};

export function createPolicyHandlers(ports: VaultPorts): ServiceImpl<typeof PolicyService> {
  return {
    async createPolicy(request, context) {
      refuseRestrictions(request);
      const fields = {
        principal: principalIn(request.principalType, request.principalId),
        pattern: parsePattern(request.secretPathPattern).text,
        permissions: parsePermissions(request.permissions),
        effect: effectIn(request.effect),
        priority: priorityIn(request.priority),
        expiresAtMs: timeIn(request.expiresAt),
        conditions: conditionsIn(request.conditions ?? {}),
      };
      const vaultId = uuidIn(request.vaultId, "vault_id");
      return messageOf(await submitAndSign(ports, createPolicy(askedIn(context), vaultId, fields), context));
    },

    async listPolicies({ vaultId }, context) {
      const found = await submitAndSign(ports, listPolicies(askedIn(context), uuidIn(vaultId, "vault_id")), context);
      return create(ListPoliciesResponseSchema, { policies: found.map(messageOf) });
    },

    async updatePolicy(request, context) {
      refuseRestrictions(request);
      const { permissions, conditions, expiresAt, effect, priority, clear } = request;
      const isCleared = (field: string) => clear.includes(field);
      const changes = {
        permissions: permissions === undefined ? undefined : parsePermissions(permissions.names),
        conditions: isCleared("conditions") ? "{}" : conditions === undefined ? undefined : conditionsIn(conditions),
        expiresAtMs: isCleared("expires_at") ? null : expiresAt === undefined ? undefined : timeIn(expiresAt),
        effect: isCleared("effect") || effect !== undefined ? effectIn(effect) : undefined,
        priority: isCleared("priority") || priority !== undefined ? priorityIn(priority) : undefined,
      };
      const [vaultId, policyId] = [uuidIn(request.vaultId, "vault_id"), uuidIn(request.policyId, "policy_id")];
      return messageOf(await submitAndSign(ports, updatePolicy(askedIn(context), vaultId, policyId, changes), context));
    },

    async deletePolicy(request, context) {
      const [vaultId, policyId] = [uuidIn(request.vaultId, "vault_id"), uuidIn(request.policyId, "policy_id")];
      await submitAndSign(ports, deletePolicy(askedIn(context), vaultId, policyId), context);
      return create(EmptySchema);
    },
  };
}

interface Restrictions {
  readonly consensusTrigger?: Value | undefined;
  readonly txConditions?: Value | undefined;
  readonly attributeConditions?: Value | undefined;
}

/** A restriction that is not evaluated is never stored: it would be none. */
function refuseRestrictions({ consensusTrigger, txConditions, attributeConditions }: Restrictions): void {
  refuseRestriction(consensusTrigger, "consensus_trigger");
  refuseRestriction(txConditions, "tx_conditions");
  refuseRestriction(attributeConditions, "attribute_conditions");
}

function refuseRestriction(value: Value | undefined, field: string): void {
  const { kind } = value ?? {};
  const isEmpty =
    kind === undefined ||
    kind.case === undefined ||
    kind.case === "nullValue" ||
    (kind.case === "structValue" && Object.keys(kind.value.fields).length === 0) ||
    (kind.case === "listValue" && kind.value.values.length === 0);
  if (!isEmpty) {
    throw invalid(`${field} is not supported`);
  }
}

function principalIn(type: string, id: string): string {
  if (type !== "user" && type !== "agent") {
    throw invalid("principal_type must be user or agent");
  }
  return `${type}:${uuidIn(id, "principal_id")}`;
}

function effectIn(effect = "allow"): string {
  if (effect !== "allow" && effect !== "deny") {
    throw invalid("effect must be allow or deny");
  }
  return effect;
}

function priorityIn(priority = 0n): number {
  return wholeIn(priority, "priority", 0, maxPriority);
}

function conditionsIn(json: JsonObject): string {
  parseConditions(json);
  return objectText(json, "conditions", maxConditionBytes) as string;
}

function messageOf(policy: StoredPolicy) {
  const { id, vaultId, pattern, permissions, effect, priority, expiresAtMs, createdAt } = policy;
  const [principal, creator] = [refOf(policy.principal), refOf(policy.createdBy)];
  const message = create(PolicySchema, {
    ...{ id, vaultId, secretPathPattern: pattern, permissions: [...permissions] },
    ...{ principalType: principal.type, principalId: principal.id },
    ...{ createdBy: creator.id, createdByType: creator.type, createdAt: storedTimeText(createdAt) },
  });
  message.conditions = JSON.parse(policy.conditions) as JsonObject;
  if (expiresAtMs !== null) {
    message.expiresAt = timeText(expiresAtMs);
  }
  // Only what is not the default: one of the clients takes no field that it does not know.
  if (effect !== "allow") {
    message.effect = effect;
  }
  if (priority !== 0) {
    message.priority = BigInt(priority);
  }
  return message;
}
