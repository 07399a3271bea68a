import { randomUUID } from "node:crypto";
import { type AuditRow, proofDigestOf, rowHashOf, subjectOf } from "../../src/ledger/row.ts";
import { rowAfter } from "../support/ledger.ts";
import { lastSeq } from "./eventful-log.ts";
import { insertRow, type OpenVault, replaceRow, type Statement } from "./open-vault.ts";

/** One way to falsify a log, and the row that must be named. */
export interface Tampering {
  readonly what: string;
  readonly at: number;
  apply(vault: OpenVault): Promise<unknown>;
}

const middle = 12;

const places: readonly (readonly [string, number])[] = [
  ["the first row", 1],
  ["a row in the middle", middle],
  ["the last row", lastSeq],
];

const hash = "a".repeat(64);

/** A new value for each column, in SQL. */
const columnValues: Readonly<Record<string, string>> = {
  seq: "100000",
  id: "'00000000-0000-4000-8000-000000000000'",
  origin_id: "'zsc:another'",
  zeqond_number: "zeqond_number + 1",
  actor_zid: "'ZEQ-ANOTHER'",
  transition_type: "'secret_other'",
  transition_id: "'00000000-0000-4000-8000-000000000000'",
  payload_json: "'{}'",
  proof_purpose: "'another'",
  proof_digest: `'${hash}'`,
  prev_hash: `'${hash}'`,
  row_hash: `'${hash}'`,
  created_at: "'2026-05-17T13:11:14.278Z'",
};

const changedColumns: readonly Tampering[] = places.flatMap(([place, at]) =>
  Object.entries(columnValues).map(([column, value]) => ({
    what: `${column} of ${place} is changed`,
    at,
    apply: (vault: OpenVault) => vault.sql([`UPDATE audit_log SET ${column} = ${value} WHERE seq = ?`, at]),
  })),
);

const subtleChanges: readonly Tampering[] = [
  ["its hashes are in upper case", "row_hash = UPPER(row_hash)"],
  ["its prev_hash is in upper case", "prev_hash = UPPER(prev_hash)"],
  ["its id is in upper case", "id = UPPER(id)"],
  ["its transition_type has a space at its end", "transition_type = 'secret_set '"],
  ["its purpose is empty", "proof_purpose = ''"],
  ["its created_at is empty", "created_at = ''"],
].map(([what = "", change]) => ({
  what,
  at: middle,
  apply: (vault) => vault.sql([`UPDATE audit_log SET ${change} WHERE seq = ?`, middle]),
}));

const rowsTakenOrGiven: readonly Tampering[] = [
  ...places.map(
    ([place, at]): Tampering => ({
      what: `${place} is deleted`,
      at,
      apply: (vault: OpenVault) => vault.sql(["DELETE FROM audit_log WHERE seq = ?", at]),
    }),
  ),
  {
    what: "all rows are deleted",
    at: 1,
    apply: (vault) => vault.sql(["DELETE FROM audit_log"]),
  },
  {
    what: "the tail is cut off",
    at: lastSeq - 2,
    apply: (vault) => vault.sql(["DELETE FROM audit_log WHERE seq >= ?", lastSeq - 2]),
  },
  {
    what: "the tail is cut off and the head is set to the new end, without its hash",
    at: lastSeq - 3,
    apply: (vault) =>
      vault.sql(["DELETE FROM audit_log WHERE seq > ?", lastSeq - 3], ["UPDATE audit_head SET seq = ?", lastSeq - 3]),
  },
  {
    what: "a sound row is added behind the head",
    at: lastSeq + 1,
    apply: async (vault) => vault.sql(insertRow(soundRowAfter(await rowOf(vault, lastSeq)))),
  },
  {
    what: "a row is put between two others",
    at: middle + 1,
    async apply(vault) {
      const before = await rowOf(vault, middle);
      await vault.sql(...makeRoomAfter(middle), insertRow({ ...before, seq: middle + 1, prevHash: before.rowHash }));
    },
  },
  {
    what: "a sound row is put between two others",
    at: middle + 2,
    async apply(vault) {
      await vault.sql(...makeRoomAfter(middle), insertRow(soundRowAfter(await rowOf(vault, middle))));
    },
  },
  {
    what: "two rows change places",
    at: middle,
    async apply(vault) {
      const [one, other] = [await rowOf(vault, middle), await rowOf(vault, middle + 5)];
      await vault.sql(
        replaceRow(one.seq, { ...other, seq: one.seq }),
        replaceRow(other.seq, { ...one, seq: other.seq }),
      );
    },
  },
];

const rewrittenRows: readonly Tampering[] = [
  ...places.map(
    ([place, at]): Tampering => ({
      what: `${place} is rewritten with all its hashes right`,
      at,
      apply: (vault: OpenVault) => vault.rewrite(at, asSomebodyElse),
    }),
  ),
  {
    what: "the last row but one is rewritten with all its hashes right",
    at: lastSeq - 1,
    apply: (vault) => vault.rewrite(lastSeq - 1, asSomebodyElse),
  },
  {
    what: "a row is rewritten with its row_hash right and its proof_digest not",
    at: middle,
    apply: (vault) => vault.rewrite(middle, () => ({ proofPurpose: "another" })),
  },
  {
    what: "a row is rewritten and its successor told, without a row_hash of its own",
    at: middle + 1,
    async apply(vault) {
      await vault.rewrite(middle, asSomebodyElse);
      const { rowHash } = await rowOf(vault, middle);
      await vault.sql(["UPDATE audit_log SET prev_hash = ? WHERE seq = ?", rowHash, middle + 1]);
    },
  },
  {
    what: "a row and its successor are rewritten with all their hashes right",
    at: middle + 1,
    async apply(vault) {
      await vault.rewrite(middle, asSomebodyElse);
      const { rowHash } = await rowOf(vault, middle);
      await vault.rewrite(middle + 1, () => ({ prevHash: rowHash }));
    },
  },
  ...places.map(
    ([place, at]): Tampering => ({
      what: `${place} gets another prev_hash and the row_hash that it makes`,
      at,
      apply: (vault: OpenVault) => vault.rewrite(at, () => ({ prevHash: hash })),
    }),
  ),
  {
    what: "a row is rewritten with all its hashes right, and the one after the next is falsified",
    at: middle,
    async apply(vault) {
      await vault.rewrite(middle, asSomebodyElse);
      await vault.sql(["UPDATE audit_log SET payload_json = '{}' WHERE seq = ?", middle + 2]);
    },
  },
  {
    what: "the whole log is rewritten with all hashes right, and the head is not",
    at: lastSeq,
    apply: (vault) => rewriteFrom(vault, 1),
  },
];

const headChanges: readonly Tampering[] = [
  ["is moved forward", `seq = ${lastSeq + 3}`, lastSeq + 1],
  ["is moved back", `seq = ${middle}`, middle + 1],
  ["is moved back to the beginning", `seq = 0, row_hash = '${"0".repeat(64)}'`, 1],
  ["gets another row_hash", `row_hash = '${hash}'`, lastSeq],
].map(([what, change, at]) => ({
  what: `the head ${what}`,
  at: Number(at),
  apply: (vault) => vault.sql([`UPDATE audit_head SET ${change} WHERE id = 1`]),
}));

/** Every tampering with the log itself, to be applied to what `fillLog` makes. */
export const chainTamperings: readonly Tampering[] = [
  ...changedColumns,
  ...subtleChanges,
  ...rowsTakenOrGiven,
  ...rewrittenRows,
  ...headChanges,
];

/** Rewrites all rows from `seq` on, with all their hashes right; the head stays as it is. */
export async function rewriteFrom(vault: OpenVault, seq: number): Promise<AuditRow> {
  let last: AuditRow | undefined;
  const statements: Statement[] = [];
  for (const row of (await vault.rows()).slice(seq - 1)) {
    const changed: AuditRow = { ...row, ...asSomebodyElse(row), prevHash: last?.rowHash ?? row.prevHash };
    last = { ...changed, rowHash: rowHashOf(changed) };
    statements.push(replaceRow(row.seq, last));
  }
  await vault.sql(...statements);
  if (last === undefined) {
    throw new Error(`there is no row ${seq}`);
  }
  return last;
}

function asSomebodyElse({ originId, transitionId, proofPurpose }: AuditRow): Partial<AuditRow> {
  const actorZid = "ZEQ-SOMEBODY-ELSE";
  return { actorZid, proofDigest: proofDigestOf(subjectOf(originId), actorZid, transitionId, proofPurpose) };
}

function soundRowAfter(row: AuditRow): AuditRow {
  const [name, actorZid, transitionId, purpose] = ["a", "ZEQ-1", randomUUID(), "read"];
  const proofDigest = proofDigestOf(name, actorZid, transitionId, purpose);
  return rowAfter(row, { originId: `zsc:${name}`, actorZid, transitionId, proofPurpose: purpose, proofDigest });
}

/** Moves the rows behind `seq` by one. */
function makeRoomAfter(seq: number): readonly Statement[] {
  const far = 1_000_000;
  return [
    ["UPDATE audit_log SET seq = seq + ? WHERE seq > ?", far, seq],
    ["UPDATE audit_log SET seq = seq - ? WHERE seq > ?", far - 1, seq],
    ["UPDATE audit_head SET seq = seq + 1"],
  ];
}

async function rowOf(vault: OpenVault, seq: number): Promise<AuditRow> {
  const row = (await vault.rows()).find((each) => each.seq === seq);
  if (row === undefined) {
    throw new Error(`there is no row ${seq}`);
  }
  return row;
}
