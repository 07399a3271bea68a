/** What a command prints. Results go to standard output, everything else to standard error. */
export interface Terminal {
  out(text: string): void;
  note(text: string): void;
  /** A line that replaces itself; nothing where no terminal shows it. */
  progress(text: string): void;
  progressDone(): void;
}

interface TerminalStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

export function createTerminal({ stdout, stderr }: TerminalStreams): Terminal {
  const live = stderr.isTTY === true;
  return {
    out: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    progress: (text) => void (live && stderr.write(`\r\x1b[K${text}`)),
    progressDone: () => void (live && stderr.write("\r\x1b[K")),
  };
}
