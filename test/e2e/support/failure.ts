import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack, type Duration } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "#gen/google/rpc/status_pb.js";

/** A refused call, as its caller sees it, whatever the protocol. */
export interface Failure {
  /** `NOT_FOUND`: the code's name as gRPC writes it. */
  readonly code: string;
  readonly message: string;
  /** Of `google.rpc.ErrorInfo`; undefined when there is none. */
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  /** Of `google.rpc.RetryInfo`. */
  readonly retryAfterMs: number | undefined;
  /** `zsc-receipt`, from wherever the protocol puts it in a refusal. */
  readonly receipt: string | undefined;
}

/** What became of one call. */
export type Outcome<T> =
  | { readonly message: T; readonly receipt: string | undefined; readonly failure?: undefined }
  | { readonly message?: undefined; readonly failure: Failure };

export function codeName(code: number): string {
  return (Code[code] ?? `CODE_${code}`).replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

export function failureOfConnect(error: unknown): Failure {
  if (!(error instanceof ConnectError)) {
    throw error;
  }
  const [info] = error.findDetails(ErrorInfoSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  return {
    code: codeName(error.code),
    message: error.rawMessage,
    reason: info?.reason,
    domain: info?.domain,
    retryAfterMs: msOf(retry?.retryDelay),
    receipt: error.metadata.get("zsc-receipt") ?? undefined,
  };
}

/** `details` is `grpc-status-details-bin`. */
export function failureOfGrpc(
  code: number,
  message: string,
  details: Uint8Array | undefined,
  receipt?: string,
): Failure {
  const status = details === undefined ? undefined : fromBinary(StatusSchema, details);
  return { ...failureOfStatus(status, code, message), receipt };
}

/** The failure in an item of a batch. */
export function failureOfItem(status: Status): Failure {
  return failureOfStatus(status, status.code, status.message);
}

function failureOfStatus(status: Status | undefined, code: number, message: string): Failure {
  const info = status?.details.map((any) => anyUnpack(any, ErrorInfoSchema)).find((found) => found !== undefined);
  const retry = status?.details.map((any) => anyUnpack(any, RetryInfoSchema)).find((found) => found !== undefined);
  return {
    code: codeName(code),
    message,
    reason: info?.reason,
    domain: info?.domain,
    retryAfterMs: msOf(retry?.retryDelay),
    receipt: undefined,
  };
}

function msOf(delay: Duration | undefined): number | undefined {
  return delay === undefined ? undefined : Number(delay.seconds) * 1_000 + delay.nanos / 1e6;
}
