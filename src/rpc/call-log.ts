import type { DescMethod } from "@bufbuild/protobuf";
import type { Code, ContextValues } from "@connectrpc/connect";
import { VaultError } from "../domain/errors.ts";
import { fieldsOfError, type Log, type LogFields } from "../domain/log.ts";
import { requestIdOf, zidOf } from "./admission.ts";
import { codeOf } from "./errors.ts";

/** What the transport tells of each call, refused ones included. */
export interface CallRecord {
  readonly method: DescMethod;
  /** Undefined: it was answered. */
  readonly code: Code | undefined;
  readonly durationMs: number;
  readonly values: ContextValues;
  readonly reason: unknown;
}

/** One line for each call; a failure that is ours to mend is a warning or an error, with what is known of its cause. */
export function createCallLog(log: Log): (record: CallRecord) => void {
  return ({ method, code, durationMs, values, reason }) => {
    const zid = zidOf(values);
    const fields: LogFields = {
      method: `${method.parent.typeName}/${method.name}`,
      code: code === undefined ? "OK" : codeOf(reason, code),
      ms: Math.round(durationMs * 1_000) / 1_000,
      requestId: requestIdOf(values),
      ...(zid === undefined ? {} : { zid }),
    };
    if (code === undefined) {
      return log.info(fields, "call");
    }
    const cause = reason instanceof VaultError ? reason : undefined;
    if (cause === undefined && fields.code === "Internal") {
      log.error({ ...fields, ...fieldsOfError(reason) }, "call failed");
    } else if (cause?.code === "SEAL_BROKEN") {
      log.error({ ...fields, reason: reasonOf(cause) }, "call failed");
    } else {
      log.info(fields, "call refused");
    }
  };
}

function reasonOf(error: VaultError): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
