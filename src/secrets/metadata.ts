import type { Principal } from "../base/index.ts";
import { type AuditDraft, type Operation, originIdOf } from "../ledger/index.ts";
import { needsSecret, notFound, oneRow } from "./drafts.ts";
import type { EventType } from "./events.ts";
import { metadataOf, type SecretMetadata } from "./secret.ts";
import { secrets } from "./tables.ts";

/** Returns a secret's metadata. */
export function infoSecret(name: string, admin: Principal): Operation<SecretMetadata> {
  const draft = metadataDraft("admin_info", name, admin, "info", { name });
  return {
    needs: [needsSecret(name)],
    weight: oneRow,
    apply(view) {
      const secret = view.get(secrets, name);
      const outcome =
        secret === undefined
          ? ({ kind: "refused", error: notFound() } as const)
          : ({ kind: "done", value: metadataOf(secret) } as const);
      return { outcome, changes: [], drafts: [draft] };
    },
  };
}

/** Records that the list of secrets is about to be read; the list itself is loaded without the head lock. */
export function recordList(admin: Principal, asked: Readonly<Record<string, unknown>>): Operation<void> {
  return recordOnly(metadataDraft("admin_list", "*", admin, "list", asked));
}

/** Records that the audit rows of a name are about to be read. */
export function recordAudit(name: string, limit: number, admin: Principal): Operation<void> {
  return recordOnly(metadataDraft("admin_audit", name, admin, "audit", { name, limit }));
}

/** Records that rows of the whole log are about to be read. */
export function recordLog(admin: Principal, asked: Readonly<Record<string, unknown>>): Operation<void> {
  return recordOnly(metadataDraft("admin_log", "*", admin, "log", asked));
}

/** Records that a caller is about to be told which names it may read. */
export function recordNames(caller: Principal, asked: Readonly<Record<string, unknown>>): Operation<void> {
  return recordOnly(metadataDraft("caller_names", "*", caller, "names", asked));
}

function recordOnly(draft: AuditDraft): Operation<void> {
  return {
    needs: [],
    weight: oneRow,
    apply: () => ({ outcome: { kind: "done", value: undefined }, changes: [], drafts: [draft] }),
  };
}

function metadataDraft(
  type: EventType,
  subject: string,
  admin: Principal,
  purpose: string,
  payload: Readonly<Record<string, unknown>>,
): AuditDraft {
  return { type, originId: originIdOf(subject), actorZid: admin.zid, purpose, payload };
}
