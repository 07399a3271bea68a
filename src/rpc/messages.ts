import { create } from "@bufbuild/protobuf";
import { ReceiptSchema } from "#gen/zsc/v1/receipt_pb.js";
import { AuditRowSchema, SecretMetadataSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import type { SecretMetadata } from "../domain/secret.ts";
import type { Receipt } from "../ledger/operation.ts";
import type { AuditRow } from "../ledger/row.ts";

export function metadataMessage(secret: SecretMetadata) {
  const { id, name, purposeTag, boundZid, expiresZeqond, lastReadZeqond, readCount } = secret;
  return create(SecretMetadataSchema, {
    id,
    name,
    boundZid,
    readCount: BigInt(readCount),
    permissions: [...secret.permissions],
    createdAt: secret.createdAt,
    updatedAt: secret.updatedAt,
    ...(purposeTag === null ? {} : { purposeTag }),
    ...(expiresZeqond === null ? {} : { expiresZeqond: BigInt(expiresZeqond) }),
    ...(lastReadZeqond === null ? {} : { lastReadZeqond: BigInt(lastReadZeqond) }),
  });
}

export function auditRowMessage(row: AuditRow) {
  const { id, zeqondNumber, transitionId, transitionType, proofDigest, createdAt } = row;
  return create(AuditRowSchema, {
    id,
    zeqondNumber: BigInt(zeqondNumber),
    transitionId,
    transitionType,
    proofDigest,
    createdAt,
  });
}

export function receiptMessage({ seq, rowHash, transitionId, proofDigest, zeqond }: Receipt) {
  return create(ReceiptSchema, {
    seq: BigInt(seq),
    rowHash,
    transitionId,
    proofDigest,
    zeqond: BigInt(zeqond),
  });
}
