import type { DescMethod } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { fieldsOfError, type Log, type LogFields, VaultError, type VaultErrorCode } from "../../base/index.ts";
import type { CallRecord } from "../../transport/index.ts";
import { requestIdOf, zidOf } from "./admission.ts";
import { codeOf } from "./errors.ts";
import { bugIn } from "./faults.ts";
import { receiptOf } from "./ports.ts";

/** Codes whose `cause` has a message that is safe to log. */
const explained: ReadonlySet<VaultErrorCode> = new Set([
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "ISSUER_UNAVAILABLE",
  "SEAL_BROKEN",
]);

/** Logs one line per call. Server faults are logged as errors, with their cause. */
export function createCallLog(log: Log): (record: CallRecord) => void {
  return ({ method, code, durationMs, values, reason }) => {
    const refusal = refusalIn(reason);
    const fields: LogFields = {
      method: nameOf(method),
      code: code === undefined ? "OK" : codeOf(reason, code),
      ms: Math.round(durationMs * 1_000) / 1_000,
      requestId: requestIdOf(values),
      zid: zidOf(values),
      receipt: receiptOf(values) ?? refusal?.receipt,
    };
    if (code === undefined) {
      return log.info(fields, "call");
    }
    const bug = bugIn(reason);
    if (bug !== undefined) {
      log.error({ ...fields, ...fieldsOfError(bug) }, "call failed");
    } else if (refusal === undefined || !explained.has(refusal.code)) {
      log.info(fields, "call refused");
    } else if (refusal.code === "SEAL_BROKEN") {
      log.error({ ...fields, reason: reasonOf(refusal) }, "call failed");
    } else {
      log.info({ ...fields, reason: reasonOf(refusal) }, "call refused");
    }
  };
}

const names = new WeakMap<DescMethod, string>();

function nameOf(method: DescMethod): string {
  let name = names.get(method);
  if (name === undefined) {
    name = `${method.parent.typeName}/${method.name}`;
    names.set(method, name);
  }
  return name;
}

function refusalIn(reason: unknown): VaultError | undefined {
  const thrown = reason instanceof ConnectError ? reason.cause : reason;
  return thrown instanceof VaultError ? thrown : undefined;
}

function reasonOf(error: VaultError): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
