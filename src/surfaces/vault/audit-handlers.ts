import { create, type JsonObject } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  AuditEventSchema,
  type AuditService,
  ChainSchemeSchema,
  ListAuditEventsResponseSchema,
  VerifyAuditChainResponseSchema,
} from "#gen/vault/v1/audit_pb.js";
import { verifyWindow } from "../../audit/index.ts";
import { type Head, type Receipt, zeroHash } from "../../ledger/index.ts";
import { type AuditEvent, createAuditSearch, recordQuery, recordVerify } from "../../vaults/index.ts";
import { type Access, type AccessTable, lastOf, recordAndSign, sign, submitFor } from "../kernel/index.ts";
import { storedTimeText, timeIn, wholeIn } from "./fields.ts";
import { askedIn, type VaultPorts } from "./ports.ts";

const persons: Access = ["person"];
const defaultEvents = 100;
/** A page has no more, whatever is asked for (contract 1claw.md, section 10). */
const maxEvents = 1_000;
const defaultVerified = 1_000;
const maxVerified = 10_000;

export const auditAccess: AccessTable = {
  "vault.v1.AuditService/ListAuditEvents": persons,
  "vault.v1.AuditService/VerifyAuditChain": persons,
};

const scheme = {
  algorithm: "SHA-256",
  chainStructure:
    "Each event's integrity_hash covers all columns of its row and the integrity_hash of the event before it",
  hashField: "integrity_hash",
  linkField: "prev_event_id",
  documentation: "urn:zsc:docs:audit-format",
  genesisPrevHash: zeroHash,
};

export function createAuditHandlers(ports: VaultPorts): ServiceImpl<typeof AuditService> {
  const { reader, organisation } = ports;
  const search = createAuditSearch(reader);
  return {
    async listAuditEvents(request, context) {
      const { resourceId, resourceType, actorId, action, limit, offset = 0n } = request;
      const wanted = limit === undefined ? defaultEvents : wholeIn(limit, "limit", 1, Number.MAX_SAFE_INTEGER);
      const page = {
        limit: Math.min(wanted, maxEvents),
        offset: wholeIn(offset, "offset", 0, Number.MAX_SAFE_INTEGER),
      };
      const filter = {
        ...timesIn(request),
        ...(resourceId === undefined ? {} : { resourceId }),
        ...(resourceType === undefined ? {} : { resourceType }),
        ...(actorId === undefined ? {} : { actorId }),
        ...(action === undefined ? {} : { action }),
      };
      const { value: audience, receipts } = await submitFor(ports, recordQuery(askedIn(context)), context);
      const receipt = lastOf(receipts);
      sign(context, receipt);
      const events = await search.find(filter, audience, page, receipt);
      const { id: orgId } = await organisation();
      return create(ListAuditEventsResponseSchema, {
        events: events.map((event) => eventMessage(event, orgId)),
        count: events.length,
      });
    },

    async verifyAuditChain(request, context) {
      const { limit } = request;
      const most = limit === undefined ? defaultVerified : wholeIn(limit, "limit", 1, maxVerified);
      const times = timesIn(request);
      const receipt = await recordAndSign(ports, recordVerify(askedIn(context)), context);
      const { rows, before } = await search.window(times, most, receipt);
      const end = times.toMs === undefined ? await endBefore(receipt) : undefined;
      const { checked, verified, isWhole, brokenId } = verifyWindow(rows, before, end);
      return create(VerifyAuditChainResponseSchema, {
        ...{ chainValid: isWhole, eventsChecked: checked, eventsVerified: verified },
        ...(brokenId === null ? {} : { brokenAtEventId: brokenId }),
        scheme: create(ChainSchemeSchema, scheme),
      });
    },
  };

  /** The end of the log before a row, as that row has it. */
  async function endBefore(receipt: Receipt): Promise<Head> {
    const own = { fromSeq: receipt.seq, beforeSeq: receipt.seq + 1 };
    const [found] = await reader.rowsBefore(own, 1, receipt);
    return { seq: receipt.seq - 1, rowHash: found?.row.prevHash ?? "" };
  }
}

function timesIn({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }) {
  const [fromMs, toMs] = [timeIn(from), timeIn(to)];
  return { ...(fromMs === null ? {} : { fromMs }), ...(toMs === null ? {} : { toMs }) };
}

function eventMessage(event: AuditEvent, orgId: string) {
  const { id, action, actorId, actorType, resourceType, resourceId, details, ipAddress, prevEventId } = event;
  const message = create(AuditEventSchema, {
    ...{ id, action, actorId, actorType, resourceType, resourceId, orgId },
    ...{ createdAt: timeOf(event.createdAt), integrityHash: event.integrityHash },
    ...(ipAddress === undefined ? {} : { ipAddress }),
    ...(prevEventId === null ? {} : { prevEventId }),
  });
  message.details = details as JsonObject;
  return message;
}

/** As it stands when somebody altered it. */
function timeOf(stored: string): string {
  return Number.isNaN(Date.parse(stored)) ? stored : storedTimeText(stored);
}
