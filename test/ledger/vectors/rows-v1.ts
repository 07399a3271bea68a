import { type AuditRow, originIdOf, proofDigestOf, rowHashOf, zeroHash } from "../../../src/ledger/row.ts";
import type { SecretRow } from "../../support/ledger.ts";
import { secretRowDigest } from "../../support/ledger.ts";

/** A vault row whose bytes are hex, with its `sealed_digest`. */
export interface VaultRowVector {
  readonly what: string;
  readonly row: Omit<SecretRow, "sealedKey" | "sealedValue"> & {
    readonly sealedKey: string;
    readonly sealedValue: string;
  };
  readonly digest: string;
}

export interface RowVectors {
  /** One chain from its first row on: `prevHash`, `proofDigest` and `rowHash` are what is checked. */
  readonly chain: readonly (AuditRow & { readonly what: string })[];
  /** The same arithmetic on rows that stand alone, at the ends of what columns can hold. */
  readonly extremes: readonly (AuditRow & { readonly what: string })[];
  readonly vaultRows: readonly VaultRowVector[];
}

interface Case {
  readonly what: string;
  readonly subject: string;
  readonly actorZid: string;
  readonly type: string;
  readonly purpose: string;
  readonly payloadJson: string;
}

const long = "long text, ünïcode and 🔑; ".repeat(120);

const cases: readonly Case[] = [
  {
    what: "a secret is created",
    subject: "db/password",
    actorZid: "ZEQ-ADMIN",
    type: "secret_set",
    purpose: "set",
    payloadJson: '{"name":"db/password","purpose_tag":null,"bound_zid":"ZEQ-SYS","permissions":[],"purpose":"created"}',
  },
  {
    what: "a read whose name, ZID and purpose are not ASCII",
    subject: "straße 🔑 ключ",
    actorZid: "ZEQ-ÄÖÜ-零",
    type: "secret_read",
    purpose: "nächtlich é",
    payloadJson: '{"name":"straße 🔑 ключ","purpose":"nächtlich é","purpose_tag":"ß"}',
  },
  {
    what: "the same letter composed and decomposed are different bytes",
    subject: "é e\u0301",
    actorZid: "e\u0301",
    type: "secret_denied",
    purpose: "denied",
    payloadJson: '{"name":"é e\u0301","purpose":"read","reason":"denied"}',
  },
  {
    what: "quotes, backslashes, spaces and escapes are kept as they are",
    subject: `a'b"c\\d %_?`,
    actorZid: " ZEQ 1 ",
    type: "secret_denied",
    purpose: "not_found",
    payloadJson: '{"name":"a\'b\\"c\\\\d %_?","purpose":"\\u00e9\\/", "reason" : "not_found"}',
  },
  {
    what: "a list, whose name is *",
    subject: "*",
    actorZid: "ZEQ-ADMIN",
    type: "admin_list",
    purpose: "list",
    payloadJson: "{}",
  },
  {
    what: "texts that are longer than one buffer",
    subject: "x".repeat(255),
    actorZid: "é".repeat(64),
    type: "secret_set",
    purpose: "granted",
    payloadJson: JSON.stringify({ name: "x".repeat(255), permissions: [long, long] }),
  },
  {
    what: "a grant, as it is recorded with the state of the row",
    subject: "db/password",
    actorZid: "ZEQ-ADMIN",
    type: "secret_set",
    purpose: "granted",
    payloadJson: `{"name":"db/password","purpose":"granted","granted_zid":"ZEQ-1","permissions":["ZEQ-1"],${marks(2)}}`,
  },
  {
    what: "a rotation by the daemon",
    subject: "db/password",
    actorZid: "ZEQ-SYS",
    type: "secret_rotated",
    purpose: "auto_rotated",
    payloadJson: `{"name":"db/password","purpose":"auto_rotated",${marks(3)}}`,
  },
  {
    what: "a read on behalf of another",
    subject: "db/password",
    actorZid: "ZEQ-1",
    type: "secret_read",
    purpose: "nightly",
    payloadJson: '{"name":"db/password","purpose":"nightly","purpose_tag":null,"by":"ZEQ-BROKER"}',
  },
  {
    what: "a refused probe",
    subject: "db/password",
    actorZid: "ZEQ-2",
    type: "secret_denied",
    purpose: "rate_limited",
    payloadJson: '{"name":"db/password","purpose":"probe_check","reason":"rate_limited","by":"ZEQ-ADMIN"}',
  },
  {
    what: "a deletion",
    subject: "db/password",
    actorZid: "ZEQ-ADMIN",
    type: "secret_deleted",
    purpose: "deleted",
    payloadJson: '{"name":"db/password","purpose":"deleted"}',
  },
  {
    what: "an info",
    subject: "db/password",
    actorZid: "ZEQ-ADMIN",
    type: "admin_info",
    purpose: "info",
    payloadJson: '{"name":"db/password"}',
  },
  {
    what: "an audit",
    subject: "db/password",
    actorZid: "ZEQ-ADMIN",
    type: "admin_audit",
    purpose: "audit",
    payloadJson: '{"name":"db/password","limit":50}',
  },
];

/** The end of a change's payload. */
function marks(version: number): string {
  return `"version":${version},"sealed_digest":"${"5e".repeat(32)}"`;
}

const vaultRow: SecretRow = {
  id: uuid(7),
  name: "db/password",
  purposeTag: "billing",
  boundZid: "ZEQ-SYS",
  permissionsJson: '["ZEQ1","ZEQ-Ä🔑","quote\\""]',
  expiresZeqond: 2_289_691_901,
  version: 3,
  sealedKey: Buffer.from("0102030405", "hex"),
  sealedValue: Buffer.from("ff00fe", "hex"),
  createdAt: "2026-05-17T13:11:14.277Z",
  updatedAt: "2026-05-17T13:11:15.000Z",
};

const vaultCases: readonly [string, SecretRow][] = [
  ["every column is there", vaultRow],
  ["no tag and no rotation, which are absent and not empty", { ...vaultRow, purposeTag: null, expiresZeqond: null }],
  ["an empty tag and a rotation at 0", { ...vaultRow, purposeTag: "", expiresZeqond: 0 }],
  ["texts that are not ASCII", { ...vaultRow, name: "straße 🔑 ключ", boundZid: "ZEQ-零", purposeTag: "e\u0301" }],
  ["the largest integers", { ...vaultRow, expiresZeqond: 2 ** 53 - 1, version: 2 ** 53 - 1 }],
  ["no bytes", { ...vaultRow, sealedKey: new Uint8Array(), sealedValue: new Uint8Array() }],
  [
    "long bytes and a long text",
    { ...vaultRow, sealedValue: Buffer.alloc(3_000, 0xa5), permissionsJson: JSON.stringify([long]) },
  ],
];

export function rowVectors(): RowVectors {
  const chain: (AuditRow & { what: string })[] = [];
  for (const [index, each] of cases.entries()) {
    const { seq, rowHash } = chain.at(-1) ?? { seq: 0, rowHash: zeroHash };
    chain.push(rowOf(each, seq + 1, rowHash, index));
  }
  const [first] = cases;
  if (first === undefined) {
    throw new Error("no cases");
  }
  const largest = { ...first, what: "the largest seq and Zeqond" };
  return {
    chain,
    extremes: [rowOf(largest, 2 ** 53 - 1, "f".repeat(64), 2 ** 53 - 1 - 2_289_605_501)],
    vaultRows: vaultCases.map(([what, row]) => ({
      what,
      row: { ...row, ...hexOf(row) },
      digest: secretRowDigest(row),
    })),
  };
}

function rowOf(each: Case, seq: number, prevHash: string, zeqonds: number): AuditRow & { what: string } {
  const { what, subject, actorZid, type, purpose, payloadJson } = each;
  const transitionId = uuid(seq % 1_000_000);
  const row = {
    seq,
    id: uuid((seq + 500_000) % 1_000_000),
    originId: originIdOf(subject),
    zeqondNumber: 2_289_605_501 + zeqonds,
    actorZid,
    transitionType: type,
    transitionId,
    payloadJson,
    proofPurpose: purpose,
    proofDigest: proofDigestOf(subject, actorZid, transitionId, purpose),
    prevHash,
    createdAt: new Date(Date.UTC(2026, 4, 17, 13, 11, 14, 277 + (seq % 700))).toISOString(),
  };
  return { what, ...row, rowHash: rowHashOf(row) };
}

function uuid(number: number): string {
  return `0191e3a0-0000-7000-8000-${String(number).padStart(12, "0")}`;
}

function hexOf({ sealedKey, sealedValue }: SecretRow) {
  return { sealedKey: Buffer.from(sealedKey).toString("hex"), sealedValue: Buffer.from(sealedValue).toString("hex") };
}
