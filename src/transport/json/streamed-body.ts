import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError } from "@connectrpc/connect";

interface BodyTimes {
  /** Timeout for the client to receive the last chunk, and for the source to produce the next one. */
  readonly maxPauseMs: number;
  /** Timeout for the whole body, because it keeps a database snapshot open. */
  readonly maxBodyMs: number;
}

const usualTimes: BodyTimes = {
  maxPauseMs: 30_000,
  maxBodyMs: 300_000,
};

/**
 * Writes a body with backpressure, and ends it. When the source fails or a timeout expires, the stream is destroyed, so
 * that the client sees an incomplete body. Rejects with the reason, CANCELED when the caller disconnected, and does not
 * wait for a source that is still busy.
 */
export async function writeBody(sink: Writable, chunks: AsyncIterable<string>, times = usualTimes): Promise<void> {
  const cut = Promise.withResolvers<never>();
  const giveUp = () => {
    cut.reject(new ConnectError("the answer was not taken in time", Code.DeadlineExceeded));
    sink.destroy();
  };
  const pause = setTimeout(giveUp, times.maxPauseMs);
  const whole = setTimeout(giveUp, times.maxBodyMs);
  const callerGone = () => {
    if (!sink.writableFinished) {
      cut.reject(new ConnectError("the caller went away", Code.Canceled));
    }
  };
  sink.once("close", callerGone);
  if (sink.destroyed) {
    callerGone();
  }
  const source = async function* () {
    try {
      for await (const chunk of chunks) {
        pause.refresh();
        yield chunk;
      }
    } catch (reason) {
      // Rejects before the stream is destroyed, so that this reason wins over the close.
      cut.reject(reason);
      throw reason;
    }
  };
  const written = pipeline(source, sink);
  written.catch(() => undefined);
  try {
    await Promise.race([cut.promise, written]);
  } finally {
    clearTimeout(pause);
    clearTimeout(whole);
  }
}
