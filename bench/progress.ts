/** Tells a person who waits what is going on, on standard error. */
export interface Progress {
  /** A line that stays. */
  note(text: string): void;
  /** A line that replaces itself; nothing where no terminal shows it. */
  show(text: string): void;
  clear(): void;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const live = stream.isTTY === true;
  const began = performance.now();
  const elapsed = () => `${Math.round((performance.now() - began) / 1_000)} s`.padStart(6);
  return {
    note: (text) => void stream.write(`${live ? "\r\x1b[K" : ""}${elapsed()}  ${text}\n`),
    show: (text) => void (live && stream.write(`\r\x1b[K${elapsed()}  ${text}`)),
    clear: () => void (live && stream.write("\r\x1b[K")),
  };
}

/** A bar of 30 characters. */
export function bar(done: number, of: number): string {
  const filled = Math.round((30 * done) / Math.max(1, of));
  return `[${"#".repeat(filled)}${"-".repeat(30 - filled)}] ${done.toLocaleString("en")} of ${of.toLocaleString("en")}`;
}
