import { create } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  AuditResponseSchema,
  DeleteResponseSchema,
  GrantResponseSchema,
  InfoResponseSchema,
  ProbePermissionResponseSchema,
  RevokeResponseSchema,
  RotateResponseSchema,
  type SetRequest,
  SetResponseSchema,
  type ZscAdmin,
} from "#gen/zsc/v1/zsc_admin_pb.js";
import { Plaintext } from "../../base/index.ts";
import type { Operation } from "../../ledger/index.ts";
import {
  deleteSecret,
  grantSecret,
  infoSecret,
  type Precondition,
  probePermission,
  recordAudit,
  revokeSecret,
  rotateSecret,
  type SetInput,
  setSecret,
} from "../../secrets/index.ts";
import { type Access, type AccessTable, principalOf, recordAndSign, submitAndSign } from "../kernel/index.ts";
import { listHandler } from "./list.ts";
import { logHandler } from "./log.ts";
import { auditRowMessage, metadataMessage } from "./messages.ts";
import type { ZscPorts } from "./ports.ts";

const admins: Access = ["admin"];

/** Admins manage (contract, section 3). */
export const adminAccess: AccessTable = {
  "zsc.v1.ZscAdmin/List": admins,
  "zsc.v1.ZscAdmin/Info": admins,
  "zsc.v1.ZscAdmin/Set": admins,
  "zsc.v1.ZscAdmin/Rotate": admins,
  "zsc.v1.ZscAdmin/Grant": admins,
  "zsc.v1.ZscAdmin/Revoke": admins,
  "zsc.v1.ZscAdmin/Audit": admins,
  "zsc.v1.ZscAdmin/Log": admins,
  "zsc.v1.ZscAdmin/ProbePermission": admins,
  "zsc.v1.ZscAdmin/Delete": admins,
};

const defaultAuditRows = 50n;
const maxAuditRows = 500n;

/** `ZscAdmin`: converts messages to operations and outcomes to messages. Access is checked before (`admission.ts`). */
export function createAdminHandlers(ports: ZscPorts): ServiceImpl<typeof ZscAdmin> {
  const { sealer, metadata } = ports;
  const submit = <T>(operation: Operation<T>, context: HandlerContext) => submitAndSign(ports, operation, context);
  return {
    list: listHandler(ports),
    log: logHandler(ports),

    async info({ name }, context) {
      const secret = await submit(infoSecret(name, principalOf(context.values)), context);
      return create(InfoResponseSchema, { secret: metadataMessage(secret) });
    },

    async set(request, context) {
      const input = setInputOf(request);
      const set = setSecret(input, principalOf(context.values), sealer, preconditionOf(request));
      // Wipes the bytes; the string that they were encoded from cannot be wiped.
      const version = await submit(set, context).finally(() => input.value.wipe());
      return create(SetResponseSchema, { name: request.name, version: BigInt(version) });
    },

    async rotate(request, context) {
      const { name } = request;
      await submit(rotateSecret(name, principalOf(context.values), sealer, preconditionOf(request)), context);
      return create(RotateResponseSchema, { name, rotated: true });
    },

    async grant(request, context) {
      const { name, zid } = request;
      const grant = grantSecret(name, zid, principalOf(context.values), sealer, preconditionOf(request));
      const permissions = await submit(grant, context);
      return create(GrantResponseSchema, { name, zid, permissions: [...permissions] });
    },

    async revoke(request, context) {
      const { name, zid } = request;
      const revoke = revokeSecret(name, zid, principalOf(context.values), sealer, preconditionOf(request));
      const permissions = await submit(revoke, context);
      return create(RevokeResponseSchema, { name, zid, permissions: [...permissions] });
    },

    async audit({ name, limit = defaultAuditRows }, context) {
      const most = Number(limit > maxAuditRows ? maxAuditRows : limit);
      const receipt = await recordAndSign(ports, recordAudit(name, most, principalOf(context.values)), context);
      const rows = (await metadata.secretRows(name, most, receipt)).map(auditRowMessage);
      return create(AuditResponseSchema, { name, count: rows.length, rows });
    },

    async probePermission({ name, asZid, purpose }, context) {
      const { zid: by } = principalOf(context.values);
      const probe = probePermission({ name, zid: asZid, purpose: purpose || "probe_check", by }, sealer);
      return create(ProbePermissionResponseSchema, await submit(probe, context));
    },

    async delete(request, context) {
      const { name } = request;
      await submit(deleteSecret(name, principalOf(context.values), preconditionOf(request)), context);
      return create(DeleteResponseSchema, { name, deleted: true });
    },
  };
}

function preconditionOf({
  ifVersion,
  createOnly = false,
}: {
  ifVersion?: bigint | undefined;
  createOnly?: boolean;
}): Precondition {
  return { ifVersion: ifVersion === undefined ? undefined : Number(ifVersion), createOnly };
}

function setInputOf(request: SetRequest): SetInput {
  const { name, value = "", purposeTag, boundZid, permissions, expiresZeqond, expiresNever } = request;
  return {
    name,
    value: Plaintext.fromString(value),
    ...(purposeTag === undefined ? {} : { purposeTag }),
    ...(boundZid === undefined ? {} : { boundZid }),
    ...(permissions === undefined ? {} : { permissions: permissions.zids }),
    ...(expiresZeqond === undefined ? {} : { expiresZeqond: Number(expiresZeqond) }),
    ...(expiresNever ? { expiresZeqond: null } : {}),
  };
}
