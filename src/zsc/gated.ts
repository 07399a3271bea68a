import { VaultError } from "../domain/errors.ts";
import { type GateAnswer, passGate } from "../domain/gate.ts";
import type { Plaintext } from "../domain/plaintext.ts";
import type { Secret } from "../domain/secret.ts";
import type { AuditDraft, BatchView, Change, Needs } from "../ledger/operation.ts";
import type { Sealer } from "../sealing/envelope.ts";
import { bindingOf, deniedDraft, isSealBroken, notFound, type RefusalReason } from "./drafts.ts";

/** A read, or a probe of one. */
export interface Request {
  readonly name: string;
  readonly zid: string;
  readonly purpose: string;
  /** The ZID of the token when it acts on behalf of `zid`; absent when `zid` itself is the caller. */
  readonly by?: string | undefined;
}

export type Passage =
  | { readonly kind: "granted"; readonly secret: Secret; readonly plaintext: Plaintext; readonly draft: AuditDraft }
  | {
      readonly kind: "refused";
      readonly reason: RefusalReason;
      readonly error: VaultError;
      readonly draft: AuditDraft;
      readonly changes: readonly Change[];
    };

export function needsPassage(request: Request): Needs {
  return { secrets: [request.name], denials: [request.zid] };
}

/** The only way to a plaintext for a caller: limiter, gate, seal, and the audit row. Used by reads and probes. */
export function pass(view: BatchView, request: Request, sealer: Sealer): Passage {
  const { name, zid, purpose, by } = request;
  const answer = passGate(view.secret(name), zid, view.denials(zid), view.now);
  if (answer.kind !== "granted") {
    return refused(request, answer.kind, errorOf(answer));
  }
  const { secret } = answer;
  try {
    const plaintext = sealer.open(secret, bindingOf(secret));
    const payload = { name, purpose, purpose_tag: secret.purposeTag, by };
    const draft: AuditDraft = { type: "secret_read", subject: name, actorZid: zid, purpose, payload };
    return { kind: "granted", secret, plaintext, draft };
  } catch (error) {
    if (isSealBroken(error)) {
      return refused(request, "error", error);
    }
    throw error;
  }
}

function refused(request: Request, reason: RefusalReason, error: VaultError): Passage {
  const { name, zid, purpose, by } = request;
  const changes: Change[] = reason === "denied" ? [{ kind: "count_denial", zid, draft: 0 }] : [];
  return { kind: "refused", reason, error, changes, draft: deniedDraft(name, zid, purpose, reason, by) };
}

function errorOf(answer: Exclude<GateAnswer, { kind: "granted" }>): VaultError {
  switch (answer.kind) {
    case "denied":
      return new VaultError("DENIED", "neither the owner nor permitted to read this secret");
    case "not_found":
      return notFound();
    case "rate_limited": {
      const { retryAfterMs } = answer;
      return new VaultError("RATE_LIMITED", "too many denials in the last 60 Zeqonds", { retryAfterMs });
    }
  }
}
