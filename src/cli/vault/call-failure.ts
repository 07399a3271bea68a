import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { Status } from "#gen/google/rpc/status_pb.js";
import { errorCode } from "../../base/index.ts";
import { CliFailure, type FailureKind, interrupted, kindsOfCodes } from "../failure.ts";

const hint = "check the URL, and that the server is up: its /readyz says what it lacks";

/** What to do about what a vault says, where a command knows nothing better. */
export const nextOfKind: Readonly<Record<FailureKind, string>> = {
  no: "zsc doctor",
  failed: "zsc doctor",
  usage: "mend what it names: --help of the command says what it takes",
  unauthenticated: "zsc whoami",
  forbidden: "zsc whoami",
  not_found: "zsc context list",
  conflict: "look at it again, then the same command",
  wait: "wait a minute, then the same command",
  no_answer: hint,
  declined: "the same command again",
  bug: "zsc audit verify, on the vault's own machine, whose log says more",
  interrupted: "the same command again",
};

/** Seconds that the vault asks to be left alone, rounded up; undefined when it does not. */
function secondsToWait(error: ConnectError): number | undefined {
  const [retry] = error.findDetails(RetryInfoSchema);
  const { seconds = 0n, nanos = 0 } = retry?.retryDelay ?? {};
  const wait = Number(seconds) + Math.ceil(nanos / 1_000_000_000);
  return wait > 0 ? wait : undefined;
}

function nextOf(kind: FailureKind, error: ConnectError): string {
  const seconds = kind === "wait" ? secondsToWait(error) : undefined;
  return seconds === undefined ? nextOfKind[kind] : `the same command in ${seconds} s`;
}

/** What a failed call is to people. No token and no value is in it: the errors of the vault hold none. */
export function failureOfCall(error: unknown, url: string): CliFailure {
  if (error instanceof CliFailure) {
    return error;
  }
  const connected = ConnectError.from(isOfClient(error) ? (error.cause ?? error) : error);
  const [info] = connected.findDetails(ErrorInfoSchema);
  const kind = info === undefined ? undefined : kindsOfCodes[info.reason];
  if (info !== undefined && kind !== undefined) {
    return new CliFailure(kind, connected.rawMessage, { code: info.reason, next: nextOf(kind, connected) });
  }
  return failureWithoutReason(connected, url);
}

/** Whether a call that has failed has certainly changed nothing: it was never sent, or the vault says so. */
export function isSurelyUndone(error: unknown): boolean {
  const connected = ConnectError.from(isOfClient(error) ? (error.cause ?? error) : error);
  const [info] = connected.findDetails(ErrorInfoSchema);
  if (info !== undefined) {
    return !connected.rawMessage.includes("may have been recorded");
  }
  const code = causeCode(connected);
  return code !== undefined && (code in certificateFaults || code.startsWith("ERR_SSL") || unsent.has(code));
}

/** The connection was not made, or the stream was refused. */
const unsent: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ERR_HTTP2_STREAM_REFUSED"],
]);

/** Why one item of a BatchRead has no value. */
export function refusalOf(status: Status | undefined): { readonly reason: string; readonly message: string } {
  const [info] = (status?.details ?? []).flatMap((detail) => anyUnpack(detail, ErrorInfoSchema) ?? []);
  return { reason: info?.reason ?? "INTERNAL_ERROR", message: status?.message ?? "no answer" };
}

/** Its class comes with all of the client's libraries, which not every command loads. */
function isOfClient(error: unknown): error is Error {
  return error instanceof Error && error.name === "ZscError";
}

/** It has all calls that commands make. */
const firstVersion = "0.1.0";

/** What did not come from a vault, or from one that does not know the call. */
function failureWithoutReason(error: ConnectError, url: string): CliFailure {
  const fromNetwork = networkFailure(causeCode(error), url);
  if (fromNetwork !== undefined) {
    return fromNetwork;
  }
  switch (error.code) {
    case Code.DeadlineExceeded:
      return noAnswer(`${url} did not answer in time`, "--timeout 30s");
    case Code.Unavailable:
      return noAnswer(`${url} cannot be reached`);
    case Code.Canceled:
      return interrupted();
    case Code.Unimplemented:
      return noAnswer(`${url} does not know this call: it is no ZSC, or older than ${firstVersion}`, "check the URL");
    case Code.Internal:
      // The sentence of our own server for what is a bug; everything else of this code is from other servers and proxies.
      return error.rawMessage === "internal error"
        ? new CliFailure("bug", "the vault failed: its log says why", { code: "INTERNAL_ERROR", next: nextOfKind.bug })
        : notZsc(url);
    default:
      return notZsc(url);
  }
}

/** The port is another server's, or a proxy's. */
export function notZsc(url: string): CliFailure {
  return noAnswer(`${url} does not answer as a ZSC`, "check the URL");
}

/** An answer that no ZSC gives. */
export function nonsense(why: string): CliFailure {
  return noAnswer(`the vault does not answer as a ZSC: ${why}`, "check the URL");
}

/** Why a vault cannot be reached, from the error of a look-up, a connection or TLS. */
export function failureOfNetwork(error: unknown, url: string): CliFailure {
  return error instanceof CliFailure
    ? error
    : (networkFailure(causeCode(error), url) ?? noAnswer(`${url} cannot be reached`));
}

const networkSentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses the connection",
  ECONNRESET: "ended the connection",
  ENOTFOUND: "has a host name that is not known",
  EAI_AGAIN: "has a host name that cannot be looked up now",
  ETIMEDOUT: "cannot be reached in time",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached: there is no network",
  EPIPE: "ended the connection",
};

interface CertificateFault {
  readonly sentence: string;
  readonly next: string;
}

const unknownAuthority = {
  sentence: "has a certificate of an authority that is not known here",
  next: "--ca-file FILE with its authority, in PEM",
};
const certificateFaults: Readonly<Record<string, CertificateFault>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_HAS_EXPIRED: { sentence: "has a certificate that has expired", next: "renew it on the vault's machine" },
  CERT_NOT_YET_VALID: { sentence: "has a certificate that is not good yet", next: "check the clock of this machine" },
  ERR_TLS_CERT_ALTNAME_INVALID: { sentence: "has a certificate of another host", next: "check the URL" },
};

function networkFailure(code: string | undefined, url: string): CliFailure | undefined {
  if (code === undefined) {
    return undefined;
  }
  const ofCertificate = certificateFaults[code];
  if (ofCertificate !== undefined) {
    return noAnswer(`${url} ${ofCertificate.sentence}`, ofCertificate.next);
  }
  const sentence = networkSentences[code];
  if (sentence !== undefined) {
    return noAnswer(`${url} ${sentence} (${code})`);
  }
  return code.startsWith("ERR_SSL") || code.startsWith("EPROTO")
    ? noAnswer(`${url} does not speak TLS as it must (${code})`, "check scheme and port")
    : undefined;
}

function noAnswer(message: string, next = hint): CliFailure {
  return new CliFailure("no_answer", message, { code: "UNREACHABLE", next });
}

/** The code of the system or of TLS, from the innermost cause that has one. */
function causeCode(error: unknown): string | undefined {
  let found: string | undefined;
  for (let each: unknown = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    found = typeof errorCode(each) === "string" ? errorCode(each) : found;
    if (each instanceof AggregateError) {
      found = each.errors.map(errorCode).find((code) => code !== undefined) ?? found;
    }
  }
  return found;
}
