import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError } from "@connectrpc/connect";

export interface BodyTimes {
  /** For the caller to take what was written last, and for the source to give what comes next. */
  readonly maxPauseMs: number;
  /** For the whole body: it holds a view of the database open. */
  readonly maxBodyMs: number;
}

const usualTimes: BodyTimes = {
  maxPauseMs: 30_000,
  maxBodyMs: 300_000,
};

/**
 * Writes a body as fast as it is taken, and ends it. When its source fails, or time is up, the stream is cut: what has
 * arrived then is no whole body. Rejects with the reason, CANCELED when the caller went away, and does not wait for a
 * source that is still busy.
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
      // Before the stream is closed for it.
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
