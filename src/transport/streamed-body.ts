import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError } from "@connectrpc/connect";

export interface BodyTimes {
  /** For the caller to take what was written last, and for the source to give what comes next. */
  readonly maxPauseMs: number;
  /** For the whole body: it holds a view of the database open. */
  readonly maxBodyMs: number;
}

const usualTimes: BodyTimes = { maxPauseMs: 30_000, maxBodyMs: 300_000 };

/**
 * Writes a body as fast as it is taken, and ends it. When its source fails, or time is up, the stream is cut: what has
 * arrived then is no whole body. Rejects with the reason: CANCELED when the caller went away.
 */
export async function writeBody(sink: Writable, chunks: AsyncIterable<string>, times = usualTimes): Promise<void> {
  const over = new AbortController();
  const giveUp = () => over.abort(new ConnectError("the answer was not taken in time", Code.DeadlineExceeded));
  const pause = setTimeout(giveUp, times.maxPauseMs);
  const whole = setTimeout(giveUp, times.maxBodyMs);
  let failure: { readonly reason: unknown } | undefined;
  const source = async function* () {
    try {
      for await (const chunk of chunks) {
        pause.refresh();
        yield chunk;
      }
    } catch (reason) {
      failure = { reason };
      throw reason;
    }
  };
  try {
    await pipeline(source, sink, { signal: over.signal });
  } catch (cause) {
    over.signal.throwIfAborted();
    throw failure === undefined
      ? new ConnectError("the caller went away", Code.Canceled, {}, [], cause)
      : failure.reason;
  } finally {
    clearTimeout(pause);
    clearTimeout(whole);
  }
}
