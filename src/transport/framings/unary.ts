import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { BodyResult } from "../http/exchange.ts";
import { crowded, type Places } from "../http/places.ts";
import type { Limits } from "../limits.ts";
import type { Admit, CallRecord, Check, Translate } from "../options.ts";
import type { UnaryCall } from "./call.ts";
import type { UnaryMethod } from "./methods.ts";

/** The state that all unary calls of a server share. */
export interface UnaryRuntime {
  readonly limits: Limits;
  readonly admit: Admit | undefined;
  readonly check: Check | undefined;
  readonly translate: Translate;
  readonly onCall: ((record: CallRecord) => void) | undefined;
  readonly shareOf: ((values: ContextValues) => string | undefined) | undefined;
  /** The places of unauthenticated calls. */
  readonly publicCalls: Places;
}

/** The wire format of one call: the only difference between gRPC, gRPC-Web, Connect and JSON. */
export interface UnaryFraming {
  /** Limit of the body, including the envelope. */
  readonly maxBodyBytes: number;
  /** The body, when it is not read from the wire. Throws ConnectError. */
  ownBody?(): Uint8Array;
  /** Decodes a complete body. Throws ConnectError. Returns a promise only where needed. */
  decode(body: Uint8Array): Message | Promise<Message>;
  /** The bytes of an answer that is too long to be encoded at once. Rejects with ConnectError. */
  encodeInTurns?(message: Message): Promise<Uint8Array> | undefined;
  /**
   * `encoded` is what `encodeInTurns` has made of the message. A promise only where the answer is made while it is taken:
   * it rejects when the caller cannot get all of it.
   */
  reply(message: Message, encoded?: Uint8Array): void | Promise<void>;
  /** `reason` is what was thrown, before it became `error`. */
  refuse(error: ConnectError, reason: unknown): void;
}

/** A deadline, in milliseconds from now; `malformed` when the header is invalid. */
export type Timeout = number | "malformed" | undefined;

/**
 * Runs one unary call in any framing: admission, body, check, interceptors and handler, response, in this order. Awaits
 * only actual promises.
 */
export function serveUnary(
  runtime: UnaryRuntime,
  method: UnaryMethod,
  call: UnaryCall,
  framing: UnaryFraming,
  timeout: Timeout,
): void {
  const refuse = (reason: unknown) => {
    if (call.settle(reason)) {
      sendRefusal(runtime, call, framing, reason);
    }
  };
  const send = (message: Message, encoded?: Uint8Array) => {
    if (!call.settle()) {
      closeRest(call);
    } else {
      try {
        const sending = framing.reply(message, encoded);
        if (sending !== undefined) {
          recordLater(runtime, call, sending);
          return;
        }
        record(runtime, call, undefined, undefined);
      } catch (reason) {
        closeRest(call);
        sendRefusal(runtime, call, framing, reason);
      }
    }
  };
  const reply = (message: Message) => {
    try {
      const encoding = framing.encodeInTurns?.(message);
      return encoding === undefined ? send(message) : encoding.then((encoded) => send(message, encoded)).catch(refuse);
    } catch (reason) {
      refuse(reason);
    }
  };
  const run = (message: Message) => {
    // The deadline may have passed while the body was read; the call has then been answered.
    if (call.aborted) {
      return;
    }
    if (!method.isPublic) {
      runtime.check?.(method.method, message);
    }
    return method.invoke(call, message).then(reply, refuse);
  };
  const onBody = (body: BodyResult) => {
    try {
      const message = framing.decode(bodyOrThrow(body));
      void (message instanceof Promise ? message.then(run).catch(refuse) : run(message));
    } catch (reason) {
      refuse(reason);
    }
  };
  const read = () => {
    if (framing.ownBody === undefined) {
      const share = method.isPublic ? undefined : runtime.shareOf?.(call.values);
      call.exchange.readBody(framing.maxBodyBytes, share, onBody);
    } else {
      onBody(framing.ownBody());
    }
  };
  call.exchange.onClose((isWhole) => {
    if (isWhole) {
      return;
    }
    const reason = new ConnectError("the caller went away", Code.Canceled);
    if (call.settle(reason)) {
      record(runtime, call, Code.Canceled, reason);
    }
  });
  try {
    if (method.isPublic) {
      takePlace(runtime.publicCalls, call);
    }
    startDeadline(runtime, call, timeout, refuse);
    const admitted = method.isPublic ? undefined : runtime.admit?.(method.method, call.exchange, call.values);
    if (admitted === undefined) {
      read();
    } else {
      admitted.then(read).catch(refuse);
    }
  } catch (reason) {
    refuse(reason);
  }
}

function takePlace(places: Places, call: UnaryCall): void {
  const giveBack = places.take(call.exchange.peer);
  if (giveBack === undefined) {
    throw crowded("too many calls without a token are under way");
  }
  call.onSettled = giveBack;
}

function startDeadline(
  runtime: UnaryRuntime,
  call: UnaryCall,
  timeout: Timeout,
  expire: (reason: unknown) => void,
): void {
  if (timeout === "malformed") {
    throw new ConnectError("the timeout is malformed", Code.InvalidArgument);
  }
  if (timeout !== undefined) {
    call.startDeadline(Math.min(timeout, runtime.limits.maxTimeoutMs), expire);
  }
}

function bodyOrThrow(body: BodyResult): Uint8Array {
  if (body === "too_large") {
    throw new MessageTooLarge();
  }
  if (body === "crowded_out") {
    throw new ConnectError("too many requests are under way", Code.Unavailable);
  }
  if (body === "cut_off") {
    throw new ConnectError("the request was cut off", Code.Canceled);
  }
  return body;
}

/** Closes the rest of a list whose response is not sent. */
function closeRest(call: UnaryCall): void {
  call.rest?.close().catch(() => undefined);
}

/** Records a streamed response at its end. It cannot become an error any more, so a failure is only logged. */
function recordLater(runtime: UnaryRuntime, call: UnaryCall, sending: Promise<void>): void {
  sending.then(
    () => record(runtime, call, undefined, undefined),
    (reason) => record(runtime, call, runtime.translate(reason, call.method).code, reason),
  );
}

/** A message over the limit. A class of its own, because some framings respond to it differently. */
export class MessageTooLarge extends Error {}

function sendRefusal(runtime: UnaryRuntime, call: UnaryCall, framing: UnaryFraming, reason: unknown): void {
  // Translated to a protocol error, because the caller's mistake is not a server error.
  const isTooLarge = reason instanceof MessageTooLarge;
  const known = isTooLarge ? new ConnectError("message too large", Code.ResourceExhausted) : reason;
  const error = runtime.translate(known, call.method);
  try {
    framing.refuse(error, reason);
  } catch {
    // Node rejects a header that the handler has set; every reply would contain it.
    call.exchange.cut("internal");
  }
  record(runtime, call, error.code, known);
}

function record(runtime: UnaryRuntime, call: UnaryCall, code: Code | undefined, reason: unknown): void {
  runtime.onCall?.({
    method: call.method,
    framing: call.protocolName,
    code,
    durationMs: performance.now() - call.startedAt,
    values: call.values,
    reason,
  });
}

/** The default translation: a ConnectError passes, any other reason becomes "internal error". */
function internalUnlessConnectError(reason: unknown): ConnectError {
  return reason instanceof ConnectError
    ? reason
    : new ConnectError("internal error", Code.Internal, undefined, undefined, reason);
}

/** Makes `translate` safe: when it throws, the caller gets "internal error". */
export function guardTranslate(translate: Translate | undefined): Translate {
  return (reason, method) => {
    try {
      return internalUnlessConnectError(translate === undefined ? reason : translate(reason, method));
    } catch (cause) {
      return internalUnlessConnectError(cause instanceof ConnectError ? undefined : cause);
    }
  };
}
