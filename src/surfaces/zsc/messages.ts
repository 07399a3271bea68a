import { create } from "@bufbuild/protobuf";
import { ReceiptSchema } from "#gen/zsc/v1/receipt_pb.js";
import { AuditRowSchema, LogRowSchema, SecretMetadataSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import { type AuditRow, type ListedRow, originPrefix, type Receipt } from "../../ledger/index.ts";
import type { SecretMetadata } from "../../secrets/index.ts";

export function metadataMessage(secret: SecretMetadata) {
  const { id, name, purposeTag, boundZid, expiresZeqond, lastReadZeqond, readCount } = secret;
  return create(SecretMetadataSchema, {
    id,
    name,
    boundZid,
    readCount: uint64(readCount),
    permissions: [...secret.permissions],
    createdAt: secret.createdAt,
    updatedAt: secret.updatedAt,
    version: uint64(secret.version),
    ...(purposeTag === null ? {} : { purposeTag }),
    ...(expiresZeqond === null ? {} : { expiresZeqond: uint64(expiresZeqond) }),
    ...(lastReadZeqond === null ? {} : { lastReadZeqond: uint64(lastReadZeqond) }),
  });
}

export function auditRowMessage(row: ListedRow) {
  const { id, zeqondNumber, transitionId, transitionType, proofDigest, createdAt } = row;
  return create(AuditRowSchema, {
    id,
    zeqondNumber: uint64(zeqondNumber),
    transitionId,
    transitionType,
    proofDigest,
    createdAt,
  });
}

/** A whole row of the log, as it stands. */
export function logRowMessage(row: AuditRow) {
  const { originId, payloadJson } = row;
  const { purpose, reason } = fieldsOf(payloadJson);
  return create(LogRowSchema, {
    ...{ id: row.id, actorZid: row.actorZid, transitionType: row.transitionType, transitionId: row.transitionId },
    ...{ proofPurpose: row.proofPurpose, proofDigest: row.proofDigest, prevHash: row.prevHash, rowHash: row.rowHash },
    ...{ seq: uint64(row.seq), zeqondNumber: uint64(row.zeqondNumber), createdAt: row.createdAt },
    ...{ payload: payloadJson, originId },
    ...(originId.startsWith(originPrefix) ? { name: originId.slice(originPrefix.length) } : {}),
    ...(typeof purpose === "string" ? { purpose } : {}),
    ...(typeof reason === "string" ? { reason } : {}),
  });
}

/** Those of a payload; none of one that an attacker made no JSON object. */
function fieldsOf(payloadJson: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(payloadJson) };
  } catch {
    return {};
  }
}

const maxUint64 = 2n ** 64n - 1n;

/**
 * The nearest uint64, 0 for NaN. An attacker with write access to the tables can store any number, and a response that
 * shows the row must not fail for it: `zsc audit verify` reports the alteration.
 */
function uint64(stored: number): bigint {
  if (!(stored > 0)) {
    return 0n;
  }
  return stored < 2 ** 64 ? BigInt(Math.floor(stored)) : maxUint64;
}

export function receiptMessage({ seq, rowHash, transitionId, proofDigest, zeqond }: Receipt) {
  const message = create(ReceiptSchema);
  message.seq = BigInt(seq);
  message.rowHash = rowHash;
  message.transitionId = transitionId;
  message.proofDigest = proofDigest;
  message.zeqond = BigInt(zeqond);
  return message;
}
