import type { Writable } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";

/** Where a body goes to. */
export interface BodySink {
  /** Resolves once the next part may follow; undefined: at once. Never resolves when the client has gone. */
  write(part: string | Uint8Array): Promise<void> | undefined;
  /** Resolves when everything is on its way. */
  end(): Promise<void>;
  destroy(): void;
  /** Calls `gone` when it closes before its end. */
  onGone(gone: () => void): void;
}

interface BodyTimes {
  /** Timeout for the client to receive the last part, and for the source to produce the next one. */
  readonly maxPauseMs: number;
  /** Timeout for the whole body, because it keeps a database snapshot open. */
  readonly maxBodyMs: number;
}

export const usualTimes: BodyTimes = {
  maxPauseMs: 30_000,
  maxBodyMs: 300_000,
};

/**
 * Writes a body with backpressure, and ends it. When the source fails or a timeout expires, the sink is destroyed, so
 * that the client sees an incomplete body. Rejects with the reason, CANCELED when the caller disconnected, and does not
 * wait for a source that is still busy. `times` undefined: no timeout.
 */
export async function writeBody(
  sink: BodySink,
  parts: AsyncIterable<string | Uint8Array>,
  times: BodyTimes | undefined,
): Promise<void> {
  const cut = Promise.withResolvers<never>();
  const giveUp = () => cut.reject(new ConnectError("the answer was not taken in time", Code.DeadlineExceeded));
  const pause = times && setTimeout(giveUp, times.maxPauseMs);
  const whole = times && setTimeout(giveUp, times.maxBodyMs);
  sink.onGone(() => cut.reject(new ConnectError("the caller went away", Code.Canceled)));
  const source = parts[Symbol.asyncIterator]();
  let isOver = false;
  const mayGoOn = () => {
    if (!isOver) {
      pause?.refresh();
    }
    return !isOver;
  };
  try {
    // One race for all parts: a promise keeps the outcome of every race that it is in.
    await Promise.race([writeParts(sink, source, mayGoOn), cut.promise]);
  } catch (reason) {
    source.return?.()?.catch(() => undefined);
    sink.destroy();
    throw reason;
  } finally {
    isOver = true;
    clearTimeout(pause);
    clearTimeout(whole);
  }
}

async function writeParts(
  sink: BodySink,
  source: AsyncIterator<string | Uint8Array>,
  mayGoOn: () => boolean,
): Promise<void> {
  for (;;) {
    const { done, value } = await source.next();
    if (!mayGoOn()) {
      return;
    }
    if (done === true) {
      break;
    }
    const written = sink.write(value);
    if (written !== undefined) {
      await written;
    }
  }
  await sink.end();
}

export function sinkOf(stream: Writable): BodySink {
  return {
    write(part) {
      if (stream.write(part)) {
        return undefined;
      }
      return new Promise((resolve) => stream.once("drain", resolve));
    },
    end: () => new Promise((resolve) => stream.end(resolve)),
    destroy: () => stream.destroy(),
    onGone(gone) {
      if (stream.destroyed) {
        gone();
      }
      stream.once("close", () => {
        if (!stream.writableFinished) {
          gone();
        }
      });
    },
  };
}
