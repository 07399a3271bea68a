import type { Output } from "./output.ts";

/** Limit of the bytes that wait to be written. */
export const maxPendingLogBytes = 1_048_576;

export interface LineSink {
  /** Takes whole lines and writes them at the end of this turn of the event loop. */
  write(lines: string): void;
  /** Resolves once every line is written, or after `withinMs`. */
  drain(withinMs: number): Promise<void>;
}

/**
 * Buffers log lines in bounded memory. When the reader is slow or has closed the pipe, or the disk is full, lines are
 * dropped; the process and its calls go on. The lines of one turn are written together, to save system calls.
 *
 * @param told called with the number of dropped lines once lines can be written again
 */
export function createLineSink(output: Output, told: (dropped: number) => void): LineSink {
  let gathered = "";
  let dropped = 0;
  let isLosing = false;
  let waiting: (() => void)[] = [];
  const tellDrained = () => {
    const resolvers = waiting;
    waiting = [];
    for (const resolve of resolvers) {
      resolve();
    }
  };
  output.listen({
    drained() {
      isLosing = false;
      tellDrained();
      if (dropped > 0) {
        const count = dropped;
        dropped = 0;
        told(count);
      }
    },
    lost(text) {
      isLosing = true;
      dropped += linesIn(text);
      if (output.pendingBytes === 0) {
        tellDrained();
      }
    },
  });
  const flush = () => {
    if (gathered === "") {
      return;
    }
    const lines = gathered;
    gathered = "";
    const { pendingBytes } = output;
    // The lines of one turn are written whole when nothing else waits.
    if (pendingBytes > 0 && pendingBytes + Buffer.byteLength(lines) > maxPendingLogBytes) {
      dropped += linesIn(lines);
    } else {
      output.write(lines);
    }
  };
  // Flushes when the process exits, too.
  process.on("exit", flush);
  return {
    write(lines) {
      if (gathered === "") {
        setImmediate(flush);
      }
      gathered += lines;
    },
    async drain(withinMs) {
      flush();
      if (output.pendingBytes === 0 || isLosing) {
        return;
      }
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        timer = setTimeout(resolve, withinMs);
      });
      clearTimeout(timer);
    },
  };
}

function linesIn(text: string | Buffer): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    lines++;
  }
  return lines;
}
