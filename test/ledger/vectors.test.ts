import { readFileSync } from "node:fs";
import { join } from "node:path";
import { proofDigestOf, rowHashOf, subjectOf } from "../../src/ledger/row.ts";
import { eventTypes } from "../../src/secrets/events.ts";
import { secretRowDigest } from "../support/ledger.ts";
import { type Column, firstWrongRow, rowHashByHand, sealedDigestByHand, sha256 } from "./chain-by-hand.ts";
import { type RowVectors, rowVectors, type VaultRowVector } from "./vectors/rows-v1.ts";

const vectors: RowVectors = JSON.parse(readFileSync(join(__dirname, "vectors/rows-v1.json"), "utf8"));
const rows = [...vectors.chain, ...vectors.extremes];

describe("the golden vectors of the audit log", () => {
  test("are reproduced bit for bit", () => {
    expect(rowVectors()).toEqual(vectors);
  });

  test.each(rows)("give the row_hash and the proof_digest: $what", (row) => {
    const { originId, actorZid, transitionId, proofPurpose } = row;
    expect(rowHashOf(row)).toBe(row.rowHash);
    expect(proofDigestOf(subjectOf(originId), actorZid, transitionId, proofPurpose)).toBe(row.proofDigest);
  });

  // The arithmetic as the contract reads, with nothing of ours: what a stranger's program would do.
  test.each(rows)("give the same by the description alone: $what", (row) => {
    expect(rowHashByHand(row)).toBe(row.rowHash);
    const input = [row.originId.slice("zsc:".length), row.actorZid, row.transitionId, row.proofPurpose].join("|");
    expect(sha256(input)).toBe(row.proofDigest);
  });

  test("have rows of every type", () => {
    expect(new Set(rows.map(({ transitionType }) => transitionType))).toEqual(new Set(eventTypes));
  });

  test("are one chain, in which a changed row shows", () => {
    expect(firstWrongRow(vectors.chain)).toBeUndefined();
    for (const [index, row] of vectors.chain.entries()) {
      const changed = vectors.chain.with(index, { ...row, payloadJson: `${row.payloadJson} ` });
      expect(firstWrongRow(changed)).toBe(row.seq);
    }
  });
});

describe("the golden vectors of the vault", () => {
  test.each(vectors.vaultRows)("give the sealed_digest: $what", ({ row, digest }) => {
    const { sealedKey, sealedValue, ...columns } = row;
    const bytes = { sealedKey: Buffer.from(sealedKey, "hex"), sealedValue: Buffer.from(sealedValue, "hex") };
    expect(secretRowDigest({ ...columns, ...bytes })).toBe(digest);
  });

  test.each(vectors.vaultRows)("give the same by the description alone: $what", ({ row, digest }) => {
    expect(sealedDigestByHand(columnsOf(row))).toBe(digest);
  });
});

/** The columns in the order of the table. */
function columnsOf(row: VaultRowVector["row"]): readonly Column[] {
  const bytes = (hex: string) => Buffer.from(hex, "hex");
  return [
    ...[row.id, row.name, row.purposeTag, row.boundZid, row.permissionsJson, row.expiresZeqond, row.version],
    ...[bytes(row.sealedKey), bytes(row.sealedValue), row.createdAt, row.updatedAt],
  ];
}
