import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, type Interceptor, type UnaryRequest } from "@connectrpc/connect";
import type { Settings } from "./options.ts";
import { retryAfterMsOf } from "./refusal.ts";
import { connectMs, isUnsent } from "./sessions.ts";

/** Calls that change nothing but the log: made twice, they leave two rows. Whatever is not named here is a write. */
const reads: ReadonlySet<string> = new Set([
  "zsc.v1.ZeqContext.Read",
  "zsc.v1.ZeqContext.BatchRead",
  "zsc.v1.ZeqContext.ListNames",
  "zsc.v1.ZscAdmin.List",
  "zsc.v1.ZscAdmin.Info",
  "zsc.v1.ZscAdmin.Audit",
  "zsc.v1.ZscAdmin.Log",
  "zsc.v1.ZscAdmin.ProbePermission",
]);

/**
 * Makes a call again, within its time: a read that was answered with UNAVAILABLE, and any call that nobody has looked at. A
 * server that stops refuses the streams that arrive after its GOAWAY; a refused stream was not looked at (gRFC A6).
 */
export function retryWith({ attempts, pauseMs, maxPauseMs }: Settings["retry"]): Interceptor {
  return (next) => async (request) => {
    if (request.stream) {
      return await next(request);
    }
    const begunMs = performance.now();
    const limitMs = timeoutOf(request);
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(request);
      } catch (reason) {
        const error = isLost(request, reason) ? connectionLost(reason) : reason;
        const pause = Math.random() * Math.min(maxPauseMs, pauseMs * 2 ** (attempt - 1));
        const waitMs = Math.max(pause, retryAfterMsOf(ConnectError.from(error)) ?? 0);
        const goneMs = performance.now() - begunMs;
        const leftMs = (isUnsent(error) ? Math.min(connectMs, limitMs) : limitMs) - goneMs - waitMs;
        if (attempt >= attempts || leftMs <= 0 || !mayRepeat(request, error)) {
          throw error;
        }
        await sleep(waitMs, undefined, { signal: request.signal });
        tellTime(request, limitMs - (performance.now() - begunMs));
      }
    }
  };
}

/** Node cancels the streams of a connection that has ended; a caller who cancels does it by the signal. */
function isLost({ signal }: UnaryRequest, error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.Canceled && !signal.aborted;
}

function connectionLost(cause: unknown): ConnectError {
  return new ConnectError("the connection was lost", Code.Unavailable, undefined, undefined, cause);
}

function mayRepeat({ method, message }: UnaryRequest, error: unknown): boolean {
  if (isUnsent(error) || isRefusedStream(error)) {
    return true;
  }
  const isRepeatable = reads.has(`${method.parent.typeName}.${method.name}`) || carriesVersion(message);
  return isRepeatable && error instanceof ConnectError && awayCodes.has(error.code) && !isLimit(error);
}

/** Connect makes UNAVAILABLE of a proxy's 429, and passes on no more than this. Its limit is not to be run into again. */
function isLimit({ rawMessage }: ConnectError): boolean {
  return rawMessage === "HTTP 429";
}

/** Aborted is what Connect makes of a connection that was reset. */
const awayCodes: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted]);

/** A write at one version happens once, however often it is sent. */
function carriesVersion(message: object): boolean {
  return "ifVersion" in message && message.ifVersion !== undefined;
}

/** Node gives the code of a reset in the text of its error and nowhere else, and Connect passes on no more than that. */
function isRefusedStream(error: unknown): boolean {
  return error instanceof ConnectError && error.rawMessage.includes("REFUSED_STREAM");
}

const timeoutHeader = "grpc-timeout";

/** The limit of the call, of which an interceptor sees no more than what the server is told. */
function timeoutOf({ header }: UnaryRequest): number {
  const [, digits] = /^(\d+)m$/.exec(header.get(timeoutHeader) ?? "") ?? [];
  return digits === undefined ? Number.POSITIVE_INFINITY : Number(digits);
}

/** The server shall not work longer than the caller waits. */
function tellTime({ header }: UnaryRequest, leftMs: number): void {
  if (Number.isFinite(leftMs)) {
    header.set(timeoutHeader, `${Math.max(1, Math.ceil(leftMs))}m`);
  }
}
