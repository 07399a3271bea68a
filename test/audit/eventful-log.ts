import type { Principal } from "../../src/base/principal.ts";
import { deleteSecret } from "../../src/secrets/delete.ts";
import { infoSecret, recordAudit, recordList } from "../../src/secrets/metadata.ts";
import { grantSecret, revokeSecret } from "../../src/secrets/permissions.ts";
import { probePermission } from "../../src/secrets/probe.ts";
import { readSecret } from "../../src/secrets/read.ts";
import { rotateIfDue, rotateSecret } from "../../src/secrets/rotate.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { admin, plain, startZeqond, testSealer } from "../support/ledger.ts";
import type { OpenVault } from "./open-vault.ts";

const sealer = testSealer();
const other: Principal = { zid: "ZEQ-ADMIN-2", role: "admin" };

/** Holds the very character that stands for bytes that are not UTF-8. */
export const oddName = "naïve 日本 \uFFFD";

const set = (name: string, fields = {}) =>
  setSecret({ name, value: plain(`value of ${name}`), ...fields }, admin, sealer);
const read = (name: string, zid: string) => readSecret({ name, zid, purpose: "read" }, sealer);
const probe = (name: string, zid: string) =>
  probePermission({ name, zid, purpose: "probe_check", by: admin.zid }, sealer);

/** One operation of every kind and outcome, one row each: the row of number i has the seq i + 1. */
const operations = [
  set("a"),
  set("b", { purposeTag: "tag", boundZid: "ZEQ-B", permissions: ["ZEQ-1", "ZEQ-2"], expiresZeqond: null }),
  grantSecret("a", "ZEQ-1", admin, sealer),
  read("a", "ZEQ-1"),
  read("a", "ZEQ-NOBODY"),
  probe("b", "ZEQ-2"),
  probe("b", "ZEQ-NOBODY-2"),
  read("missing", "ZEQ-1"),
  set("a", { purposeTag: "changed" }),
  rotateSecret("a", other, sealer),
  rotateSecret("missing", other, sealer),
  revokeSecret("a", "ZEQ-1", admin, sealer),
  infoSecret("a", admin),
  recordList(other, {}),
  recordAudit("a", 50, admin),
  set("c"),
  deleteSecret("c", admin),
  set("c", { value: plain("another"), permissions: ["ZEQ-1"] }),
  set("d"),
  deleteSecret("d", admin),
  set("due", { expiresZeqond: startZeqond }),
  rotateIfDue("due", sealer),
  set(oddName, { purposeTag: "\uFFFD" }),
  read(oddName, "ZEQ-SYS"),
  ...Array.from({ length: 6 }, () => read("b", "ZEQ-STUBBORN")),
  read("b", "ZEQ-B"),
];

/** Rows of the log that `fillLog` makes. */
export const lastSeq = operations.length;

/** Seqs of what `fillLog` makes, by what happened there. */
export const seqOf = {
  denied: 5,
  lastChangeOfA: 12,
  lastChangeOfB: 2,
  lastChangeOfC: 18,
  deletionOfD: 20,
  lastChangeOfDue: 22,
  lastChangeOfOdd: 23,
} as const;

/** Gives a vault a log with all kinds of rows, all within one Zeqond. */
export async function fillLog(vault: OpenVault): Promise<void> {
  for (const operation of operations) {
    await vault.run(operation);
  }
}
