import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ListVaultsResponseSchema, VaultSchema, type VaultService } from "#gen/vault/v1/vaults_pb.js";
import {
  createVault,
  deleteVault,
  findVisible,
  inOrder,
  listVaults,
  parseVaultName,
  readVault,
  refOf,
  type Vault,
} from "../../vaults/index.ts";
import { type Access, type AccessTable, submitAndSign, submitFor } from "../kernel/index.ts";
import { invalid, storedTimeText, textIn, uuidIn } from "./fields.ts";
import { askedIn, type VaultPorts } from "./ports.ts";

const persons: Access = ["person"];
const maxDescriptionLength = 4_096;
/** Of a list, for a caller whom very many policies name. */
const maxVaultsAtOnce = 4;

export const vaultAccess: AccessTable = {
  "vault.v1.VaultService/CreateVault": persons,
  "vault.v1.VaultService/ListVaults": persons,
  "vault.v1.VaultService/GetVault": persons,
  "vault.v1.VaultService/DeleteVault": persons,
};

export function createVaultHandlers(ports: VaultPorts): ServiceImpl<typeof VaultService> {
  return {
    async createVault({ name, description, mpcCustody }, context) {
      if (mpcCustody !== undefined && mpcCustody.kind.case !== "nullValue") {
        throw invalid("mpc_custody is not supported");
      }
      const text = textIn(description, "description", 0, maxDescriptionLength);
      return messageOf(await submitAndSign(ports, createVault(askedIn(context), parseVaultName(name), text), context));
    },
    async listVaults(_request, context) {
      const { visible, unsure } = await submitAndSign(ports, listVaults(askedIn(context)), context);
      const found = await findAmong(unsure, context);
      const vaults = found.length === 0 ? visible : [...visible, ...found].sort(inOrder);
      return create(ListVaultsResponseSchema, { vaults: vaults.map(messageOf) });
    },
    async getVault({ vaultId }, context) {
      return messageOf(await submitAndSign(ports, readVault(askedIn(context), uuidIn(vaultId, "vault_id")), context));
    },
    async deleteVault({ vaultId }, context) {
      await submitAndSign(ports, deleteVault(askedIn(context), uuidIn(vaultId, "vault_id")), context);
      return create(EmptySchema);
    },
  };

  /** A few at a time, each with all policies that the caller has in it. */
  async function findAmong(vaults: readonly Vault[], context: HandlerContext): Promise<readonly Vault[]> {
    const visible: Vault[] = [];
    for (let at = 0; at < vaults.length; at += maxVaultsAtOnce) {
      const some = vaults.slice(at, at + maxVaultsAtOnce);
      const find = findVisible(
        askedIn(context),
        some.map(({ id }) => id),
      );
      const { value } = await submitFor(ports, find, context);
      visible.push(...some.filter(({ id }) => value.has(id)));
    }
    return visible;
  }
}

function messageOf({ id, name, description, createdBy, createdAt }: Vault) {
  const creator = refOf(createdBy);
  return create(VaultSchema, {
    ...{ id, name, description },
    createdBy: creator.id,
    createdByType: creator.type,
    createdAt: storedTimeText(createdAt),
  });
}
