import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ContextValues, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { AbortListener, Cancellation } from "../../base/index.ts";
import type { Exchange } from "../http/exchange.ts";
import { CallHeaders } from "../http/headers.ts";
import type { CallOrigin, Framing, RestOfList } from "../options.ts";

/**
 * One unary call, and its handler's context. Its parts are created on first use: most calls need few of them, and
 * creating all of them costs more than the call itself.
 */
export class UnaryCall implements HandlerContext, Cancellation {
  readonly method: DescMethod;
  readonly exchange: Exchange;
  readonly protocolName: Framing;
  readonly startedAt = performance.now();
  /** The streamed rest of the response's list. The code that settles the call MUST close it. */
  rest: RestOfList | undefined;
  /** Called once, when it is settled. */
  onSettled: (() => void) | undefined;
  #isSettled = false;
  #values: ContextValues | undefined;
  #responseHeader: CallHeaders | undefined;
  #responseTrailer: CallHeaders | undefined;
  #abort: AbortController | undefined;
  #abortReason: unknown;
  #abortListener: AbortListener | undefined;
  #deadlineAt: number | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;

  constructor(method: DescMethod, exchange: Exchange, protocolName: Framing) {
    this.method = method;
    this.exchange = exchange;
    this.protocolName = protocolName;
  }

  get service(): DescService {
    return this.method.parent;
  }

  get requestMethod(): string {
    return this.exchange.httpMethod;
  }

  get url(): string {
    return this.exchange.origin + this.exchange.target;
  }

  get requestHeader(): CallHeaders {
    return this.exchange.header;
  }

  get responseHeader(): CallHeaders {
    this.#responseHeader ??= new CallHeaders();
    return this.#responseHeader;
  }

  get responseTrailer(): CallHeaders {
    this.#responseTrailer ??= new CallHeaders();
    return this.#responseTrailer;
  }

  /** The response headers; undefined when none are set. */
  get setHeader(): CallHeaders | undefined {
    return this.#responseHeader?.size === 0 ? undefined : this.#responseHeader;
  }

  get setTrailer(): CallHeaders | undefined {
    return this.#responseTrailer?.size === 0 ? undefined : this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= createContextValues();
    return this.#values;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#abortReason !== undefined) {
        this.#abort.abort(this.#abortReason);
      }
    }
    return this.#abort.signal;
  }

  timeoutMs(): number | undefined {
    return this.#deadlineAt === undefined ? undefined : this.#deadlineAt - performance.now();
  }

  /** Ends the call with DEADLINE_EXCEEDED unless it is settled within `timeoutMs`. */
  startDeadline(timeoutMs: number, expire: (error: ConnectError) => void): void {
    this.#deadlineAt = performance.now() + timeoutMs;
    this.#deadlineTimer = setTimeout(() => {
      expire(new ConnectError("the operation timed out", Code.DeadlineExceeded));
    }, timeoutMs);
  }

  /** Whether the call was cancelled; cheaper than `signal.aborted`. */
  get aborted(): boolean {
    return this.#abortReason !== undefined;
  }

  get reason(): unknown {
    return this.#abortReason;
  }

  /** The first listener is stored directly; only further ones, which are rare, create the `signal`. */
  addEventListener(type: "abort", listener: AbortListener): void {
    if (this.#abortListener === undefined) {
      this.#abortListener = listener;
    } else {
      this.signal.addEventListener(type, listener);
    }
  }

  removeEventListener(type: "abort", listener: AbortListener): void {
    if (this.#abortListener === listener) {
      this.#abortListener = undefined;
    } else {
      this.#abort?.signal.removeEventListener(type, listener);
    }
  }

  /** Settles the call: true only the first time, for the code that may respond. With a `reason`, aborts the call. */
  settle(reason?: unknown): boolean {
    if (this.#isSettled) {
      return false;
    }
    this.#isSettled = true;
    clearTimeout(this.#deadlineTimer);
    this.onSettled?.();
    if (reason !== undefined) {
      this.#abortReason = reason;
      this.#abort?.abort(reason);
      this.#abortListener?.handleEvent();
    }
    return true;
  }
}

/** The cancellation of a call, without creating its `signal` where that is not needed. */
export function cancellationOf(context: HandlerContext): Cancellation {
  return context instanceof UnaryCall ? context : context.signal;
}

/** Where a call came from; undefined for one that Connect's own handlers serve, such as one with compressed messages. */
export function originOf(context: HandlerContext): CallOrigin | undefined {
  return context instanceof UnaryCall ? context.exchange : undefined;
}

/** Whether the list at the end of the response can be streamed, which is the case on a JSON surface. */
export function canStreamList(context: HandlerContext): boolean {
  return context instanceof UnaryCall && context.protocolName === "json";
}

/** Streams `rest` as the list at the end of the response. The list in the message MUST be empty. */
export function streamList(context: HandlerContext, rest: RestOfList): void {
  if (!(context instanceof UnaryCall) || context.protocolName !== "json") {
    throw new Error("an answer that must be one message");
  }
  context.rest = rest;
}
