import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectionFault } from "../options.ts";
import { attribute, codeOf, type Endable, isPeerCode } from "./attribution.ts";

export type ReportFault = (where: ConnectionFault["where"], error: unknown, part: Endable) => void;

/** Reports each connection error once to `onFault`, and whether the peer or the server caused it. */
export function faultReporter(onFault: ((fault: ConnectionFault) => void) | undefined): ReportFault {
  return (where, error, part) => {
    if (attribute(error, part)) {
      onFault?.({ where, error, ...judge(error) });
    }
  };
}

function judge(error: unknown): Pick<ConnectionFault, "by" | "code"> {
  const code = codeOf(error);
  if (code === undefined && error instanceof ConnectError && error.cause === undefined) {
    return { by: error.code === Code.Internal ? "server" : "peer", code: Code[error.code] };
  }
  return {
    by: isPeerCode(code) ? "peer" : "server",
    code: code ?? (error instanceof Error ? error.name : typeof error),
  };
}
