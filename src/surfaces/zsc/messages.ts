import { create } from "@bufbuild/protobuf";
import { ReceiptSchema } from "#gen/zsc/v1/receipt_pb.js";
import { AuditRowSchema, SecretMetadataSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import type { ListedRow, Receipt } from "../../ledger/index.ts";
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
