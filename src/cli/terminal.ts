import { styleText } from "node:util";

/** What a command prints. Results go to standard output, everything else to standard error. */
export interface Terminal {
  out(text: string): void;
  /** Bytes as they are, and nothing more. */
  write(bytes: string): void;
  /** The same as they come, no faster than they are taken. */
  stream(bytes: AsyncIterable<Uint8Array>): Promise<void>;
  note(text: string): void;
  /** A note beside the result: whoever asked for JSON gets none. */
  remark(text: string): void;
  /** What was done beyond the obvious: dim, and neither for whoever asked for JSON nor with `--quiet`. */
  explain(text: string): void;
  /** A note that may be left out: dim, and only where a person reads along. */
  aside(text: string): void;
  /** A line that replaces itself; nothing where no terminal shows it. */
  progress(text: string): void;
  progressDone(): void;
  /** Empties the screen, where there is one. */
  clear(): void;
  /** A part of a result in a style, where colours are shown. */
  styled(style: Style, text: string): string;
  /** Whether a person reads the results. */
  readonly isTerminal: boolean;
  /** Whether a person reads the notes. */
  readonly isWatched: boolean;
  /** Columns of that terminal. */
  readonly width: number;
  /** The file descriptor of standard input; undefined where a shell reads its own lines from it. */
  readonly stdin: number | undefined;
  /** Aborted when the person at a shell ends the command; undefined where the system ends the process. */
  readonly signal: AbortSignal | undefined;
  /** Told before a question: what was typed ahead is no answer to it, and no command. */
  beforeQuestion(): void;
}

export type Style = "bold" | "green" | "yellow" | "red";

interface Output {
  /** False: it is full until it has drained. */
  write(bytes: string | Uint8Array): unknown;
  once?(event: "drain", listener: () => void): unknown;
  readonly isTTY?: boolean;
}

interface TerminalStreams {
  readonly stdout: Output & { readonly columns?: number };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface TerminalOptions {
  readonly isJson?: boolean;
  readonly isQuiet?: boolean;
  readonly isStdinTaken?: boolean;
  readonly signal?: AbortSignal;
  readonly beforeQuestion?: () => void;
}

const usualWidth = 80;
const leastWidth = 20;

export function createTerminal(
  { stdout, stderr, env = {} }: TerminalStreams,
  {
    isJson = false,
    isQuiet = false,
    isStdinTaken = false,
    signal,
    beforeQuestion = () => undefined,
  }: TerminalOptions = {},
): Terminal {
  const live = stderr.isTTY === true && env["TERM"] !== "dumb";
  const dims = stderr.isTTY === true && hasColours(env);
  const dim = (text: string) => (dims ? styleText("dim", text, { validateStream: false }) : text);
  const paints = stdout.isTTY === true && hasColours(env);
  return {
    out: (text) => void stdout.write(`${text}\n`),
    write: (bytes) => void stdout.write(bytes),
    async stream(bytes) {
      for await (const chunk of bytes) {
        if (stdout.write(chunk) === false) {
          await new Promise<void>((resolve) => stdout.once?.("drain", resolve));
        }
      }
    },
    note: (text) => void stderr.write(`${text}\n`),
    remark: (text) => void (isJson || stderr.write(`${text}\n`)),
    explain: (text) => void (isJson || isQuiet || stderr.write(`${dim(text)}\n`)),
    aside: (text) => void (stderr.isTTY === true && stderr.write(`${dim(text)}\n`)),
    styled: (style, text) => (paints ? styleText(style, text, { validateStream: false }) : text),
    progress: (text) => void (live && stderr.write(`\r\x1b[K${text}`)),
    progressDone: () => void (live && stderr.write("\r\x1b[K")),
    clear: () => void (live && stderr.write("\x1b[H\x1b[2J\x1b[3J")),
    isTerminal: stdout.isTTY === true,
    isWatched: stderr.isTTY === true,
    width: Math.max(leastWidth, stdout.columns || usualWidth),
    stdin: isStdinTaken ? undefined : 0,
    signal,
    beforeQuestion,
  };
}

/** no-color.org; FORCE_COLOR and TERM as Node takes them. */
function hasColours(env: Readonly<Record<string, string | undefined>>): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") {
    return false;
  }
  return env["TERM"] !== "dumb" || (env["FORCE_COLOR"] ?? "") !== "";
}
