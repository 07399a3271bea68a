import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { UnaryCall } from "./call.ts";
import type { BodyResult } from "./exchange.ts";
import type { Limits } from "./limits.ts";
import type { UnaryMethod } from "./methods.ts";
import type { Admit, CallRecord, Check, Translate } from "./options.ts";
import { crowded, type Places } from "./places.ts";

/** What all unary calls of a server share. */
export interface UnaryRuntime {
  readonly limits: Limits;
  readonly admit: Admit | undefined;
  readonly check: Check | undefined;
  readonly translate: Translate;
  readonly onCall: ((record: CallRecord) => void) | undefined;
  readonly shareOf: ((values: ContextValues) => string | undefined) | undefined;
  /** Of calls that need no token. */
  readonly publicCalls: Places;
}

/** How one call is written on the wire: the only thing in which gRPC, gRPC-Web, Connect and JSON differ. */
export interface UnaryFraming {
  /** The most that a body may be, envelope included. */
  readonly maxBodyBytes: number;
  /** The body, where it is not read from the wire. Throws ConnectError. */
  ownBody?(): Uint8Array;
  /** The message of a complete body. Throws ConnectError; a promise only where one is needed. */
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

/** A deadline, in milliseconds from now; `malformed` when the caller wrote something else. */
export type Timeout = number | "malformed" | undefined;

/**
 * Runs one unary call: admission, body, check, interceptors and handler, answer, in this order, whatever the framing. Nothing
 * is awaited that needs no waiting.
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
    const encoding = framing.encodeInTurns?.(message);
    return encoding === undefined ? send(message) : encoding.then((encoded) => send(message, encoded));
  };
  const run = (message: Message) => {
    // Its deadline may have passed while its body came, and then it was answered.
    if (call.aborted) {
      return;
    }
    if (!method.isPublic) {
      runtime.check?.(method.method, message);
    }
    return method.invoke(call, message).then(reply).catch(refuse);
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
  call.exchange.onGone(() => {
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

/** The rest of an answer that will not be. */
function closeRest(call: UnaryCall): void {
  call.rest?.close().catch(() => undefined);
}

/** An answer that has begun has no other end than its own: a reason why it is not whole is for the log. */
function recordLater(runtime: UnaryRuntime, call: UnaryCall, sending: Promise<void>): void {
  sending.then(
    () => record(runtime, call, undefined, undefined),
    (reason) => record(runtime, call, runtime.translate(reason).code, reason),
  );
}

/** A message over the limit. Its own class, since some framings have their own answer to it. */
export class MessageTooLarge extends Error {}

function sendRefusal(runtime: UnaryRuntime, call: UnaryCall, framing: UnaryFraming, reason: unknown): void {
  // In the terms of the protocols, since what a caller has done wrong is no error of ours.
  const isTooLarge = reason instanceof MessageTooLarge;
  const known = isTooLarge ? new ConnectError("message too large", Code.ResourceExhausted) : reason;
  const error = runtime.translate(known);
  try {
    framing.refuse(error, reason);
  } catch {
    // Headers that somebody has set, and Node does not take: they are part of every answer that we could give.
    call.exchange.cut();
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

/** What a caller sees of `reason` when `translate` has no better idea: nothing, unless it is a ConnectError. */
export function internalUnlessConnectError(reason: unknown): ConnectError {
  return reason instanceof ConnectError
    ? reason
    : new ConnectError("internal error", Code.Internal, undefined, undefined, reason);
}

/** Makes `translate` safe: a translator that fails itself says nothing. */
export function guardTranslate(translate: Translate | undefined): Translate {
  return (reason) => {
    try {
      return internalUnlessConnectError(translate === undefined ? reason : translate(reason));
    } catch (cause) {
      return internalUnlessConnectError(cause instanceof ConnectError ? undefined : cause);
    }
  };
}
