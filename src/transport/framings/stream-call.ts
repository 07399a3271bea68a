import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { Peer } from "../http/peer.ts";
import { crowded, type Places } from "../http/places.ts";
import type { CallOrigin, CallRecord, Framing } from "../options.ts";

/** One streaming call: its peer, its place and its outcome. */
export class StreamCall {
  readonly origin: CallOrigin;
  readonly #peer: Peer;
  readonly #startedAt = performance.now();
  #about: Pick<CallRecord, "method" | "framing" | "values"> | undefined;
  #failure: Pick<CallRecord, "code" | "reason"> | undefined;
  #isOver = false;
  #givePlaceBack: (() => void) | undefined;

  constructor(origin: CallOrigin, peer: Peer) {
    this.origin = origin;
    this.#peer = peer;
  }

  begin(method: DescMethod, framing: string, values: ContextValues): void {
    this.#about = { method, framing: framing as Framing, values };
  }

  get method(): DescMethod | undefined {
    return this.#about?.method;
  }

  /** @throws ConnectError RESOURCE_EXHAUSTED */
  takePlace(places: Places): void {
    const giveBack = places.take(this.#peer);
    if (giveBack === undefined) {
      throw crowded("too many streams without a token are open");
    }
    this.#givePlaceBack = giveBack;
    if (this.#isOver) {
      giveBack();
    }
  }

  /** Records the caller's error and its reason. Only the first failure is kept: it causes the others. */
  fail(error: ConnectError, reason: unknown): void {
    this.#failure ??= { code: error.code, reason };
  }

  /** Called once, when its stream or response is closed. */
  end(isAnswered: boolean, onCall: ((record: CallRecord) => void) | undefined): void {
    this.#isOver = true;
    this.#givePlaceBack?.();
    if (this.#about === undefined) {
      return;
    }
    const outcome =
      this.#failure ??
      (isAnswered ? { code: undefined, reason: undefined } : { code: Code.Canceled, reason: callerLeft() });
    onCall?.({ ...this.#about, ...outcome, durationMs: performance.now() - this.#startedAt });
  }
}

export function callerLeft(): ConnectError {
  return new ConnectError("the caller went away", Code.Canceled);
}
