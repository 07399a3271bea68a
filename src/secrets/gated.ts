import { type Plaintext, VaultError } from "../base/index.ts";
import { type AuditDraft, type Change, type Need, originIdOf, type View } from "../ledger/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { bindingOf, deniedDraft, isSealBroken, needsSecret, notFound, type RefusalReason } from "./drafts.ts";
import { type GateAnswer, passGate } from "./gate.ts";
import type { Secret } from "./secret.ts";
import { denials, secrets } from "./tables.ts";

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

export function needsPassage({ name, zid }: Request): readonly Need[] {
  return [needsSecret(name), { table: denials, lookup: "zid", by: [zid] }];
}

/**
 * The only way to a plaintext for a caller: limiter, gate, seal, and the audit row. Used by reads and probes.
 *
 * @param ownDenials denials of the same ZID by the same operation, which count as well
 */
export function pass(
  view: Pick<View, "now" | "get" | "all">,
  request: Request,
  sealer: Sealer,
  ownDenials = 0,
): Passage {
  const { name, zid, purpose, by } = request;
  const recent = view.all(denials, "zid", zid).map(({ zeqond }) => zeqond);
  for (let more = 0; more < ownDenials; more++) {
    recent.push(view.now.zeqond);
  }
  const answer = passGate(view.get(secrets, name), zid, recent, view.now);
  if (answer.kind !== "granted") {
    return refused(request, answer.kind, errorOf(answer));
  }
  const { secret } = answer;
  try {
    const plaintext = sealer.open(secret, bindingOf(secret));
    const payload = { name, purpose, purpose_tag: secret.purposeTag, by };
    const draft: AuditDraft = { type: "secret_read", originId: originIdOf(name), actorZid: zid, purpose, payload };
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
  const changes: Change[] = reason === "denied" ? [{ kind: "append", table: denials, draft: 0 }] : [];
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
