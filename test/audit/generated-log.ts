import { linkRows, looseRow } from "../../src/ledger/chain.ts";
import type { AuditDraft } from "../../src/ledger/operation.ts";
import { originIdOf } from "../../src/ledger/row.ts";
import { write } from "../support/ledger.ts";
import type { OpenVault } from "./open-vault.ts";

const rowsPerWrite = 5_000;

/** Adds rows as a busy vault would have them: reads mostly, some refused, and secrets that come and go. */
export async function generateRows(vault: OpenVault, count: number): Promise<void> {
  const now = vault.clock.now();
  for (let done = 0; done < count; done += rowsPerWrite) {
    const size = Math.min(rowsPerWrite, count - done);
    const rows = Array.from({ length: size }, (_, index) => looseRow(draftOf(done + index), now));
    await write(vault.store, (head) => ({ rows: linkRows(head, rows) }));
  }
}

function draftOf(number: number): AuditDraft {
  const round = Math.floor(number / 20);
  const name = `service-${round % 1_000}/database-password`;
  const actorZid = `ZEQ${String(number % 5_000).padStart(11, "0")}`;
  const row = { originId: originIdOf(name), actorZid };
  switch (number % 20) {
    case 3:
      return { ...row, type: "secret_denied", purpose: "denied", payload: { name, purpose: "read", reason: "denied" } };
    case 7:
      return { ...row, type: "admin_info", purpose: "info", payload: { name } };
    case 8:
      return { ...row, type: "secret_set", purpose: "set", payload: setPayload(name) };
    case 17:
      return { ...row, type: "secret_deleted", purpose: "deleted", payload: { name, purpose: "deleted" } };
    default:
      return { ...row, type: "secret_read", purpose: "read", payload: { name, purpose: "read", purpose_tag: null } };
  }
}

function setPayload(name: string) {
  const marks = { version: 1, sealed_digest: "0".repeat(64) };
  return { name, purpose_tag: null, bound_zid: "ZEQ-SYS", permissions: [], purpose: "created", ...marks };
}
