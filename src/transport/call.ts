import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ContextValues, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { Exchange } from "./exchange.ts";
import { CallHeaders } from "./headers.ts";
import type { AbortListener, Cancellation, Framing, RestOfList } from "./options.ts";

/**
 * One unary call, and the context that its handler sees. Its parts are made when somebody asks for them: most calls
 * need few of them, and making all costs more than the call itself.
 */
export class UnaryCall implements HandlerContext, Cancellation {
  readonly method: DescMethod;
  readonly exchange: Exchange;
  readonly protocolName: Framing;
  readonly startedAt = performance.now();
  /** What follows the answer's own entries of its list. Whoever settles the call sees to it that it is closed. */
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

  /** The response headers, if anybody has set any. */
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

  /** Ends the call with DEADLINE_EXCEEDED unless it is settled by then. */
  startDeadline(timeoutMs: number, expire: (error: ConnectError) => void): void {
    this.#deadlineAt = performance.now() + timeoutMs;
    this.#deadlineTimer = setTimeout(() => {
      expire(new ConnectError("the operation timed out", Code.DeadlineExceeded));
    }, timeoutMs);
  }

  /** Whether nobody waits for the answer any more; `signal` says the same and costs more. */
  get aborted(): boolean {
    return this.#abortReason !== undefined;
  }

  get reason(): unknown {
    return this.#abortReason;
  }

  /** A call waits for one thing at a time, nearly always: only further listeners are worth a `signal`. */
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

  /** Claims the right to answer, for one claimant only; with a reason why there will be none, `signal` is aborted. */
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

/** Whether a call was given up, without the cost of making its `signal` where that is not needed. */
export function cancellationOf(context: HandlerContext): Cancellation {
  return context instanceof UnaryCall ? context : context.signal;
}

/** Whether the list that ends the answer of a call may go on when the answer has begun: on a JSON surface. */
export function canStreamList(context: HandlerContext): boolean {
  return context instanceof UnaryCall && context.protocolName === "json";
}

/** Lets the list that ends the answer, which is empty so far, go on with `rest`. */
export function streamList(context: HandlerContext, rest: RestOfList): void {
  if (!(context instanceof UnaryCall) || context.protocolName !== "json") {
    throw new Error("an answer that must be one message");
  }
  context.rest = rest;
}
