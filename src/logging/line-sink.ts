import type { Output } from "./output.ts";

/** What waits for a reader, at most. */
export const maxPendingLogBytes = 1_048_576;

export interface LineSink {
  /** Takes whole lines. They leave at the end of this turn of the event loop. */
  write(lines: string): void;
  /** Resolves once every line has left, or after `withinMs`. */
  drain(withinMs: number): Promise<void>;
}

/**
 * Lines on their way out, in bounded memory: a reader who is slow or gone, or a disk that is full, costs lines and never
 * the process or a call. The lines of one turn leave together, since a system call for each would cost more than the line.
 *
 * @param told how many lines were dropped, once lines leave again
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
    lost(bytes) {
      isLosing = true;
      dropped += linesIn(bytes);
      if (output.pendingBytes === 0) {
        tellDrained();
      }
    },
  });
  const flush = () => {
    if (gathered === "") {
      return;
    }
    const bytes = Buffer.from(gathered, "utf8");
    gathered = "";
    if (output.pendingBytes + bytes.byteLength > maxPendingLogBytes) {
      dropped += linesIn(bytes);
    } else {
      output.write(bytes);
    }
  };
  // What is there when the process ends of its own accord is written too.
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

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf("\n"); at >= 0; at = bytes.indexOf("\n", at + 1)) {
    lines++;
  }
  return lines;
}
