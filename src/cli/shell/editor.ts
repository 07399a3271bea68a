import { type CompleterResult, createInterface, type Interface } from "node:readline";
import { PassThrough } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { ReadStream, WriteStream } from "node:tty";
import type { Completions } from "./completer.ts";

type Typed =
  | { readonly kind: "line"; readonly line: string }
  /** Ctrl-C. */
  | { readonly kind: "cleared" }
  | { readonly kind: "too_long" }
  /** Ctrl-D, or the terminal is gone. */
  | { readonly kind: "ended" };

/** Lines as a person types them. */
export interface Editor {
  /** One line; nothing is read before and after. */
  read(history: readonly string[]): Promise<Typed>;
  /** Forgets what was typed ahead. */
  forget(): void;
}

interface EditorSettings {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** A terminal that knows no movement: it edits the line by itself, as far as it can. */
  readonly isDumb: boolean;
  complete(line: string): Promise<Completions>;
}

const prompt = "pulse> ";
/** Of the editor each character costs the width of the line. */
const maxTypedLine = 4_096;

/** Enter, Ctrl-C and Ctrl-D: behind them another line may begin. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const lineEnd = /[\r\n\u0003\u0004]/;

export function createEditor({ input, output, isDumb, complete }: EditorSettings): Editor {
  const decoder = new StringDecoder("utf8");
  /** What was read and does not belong to the line of now. */
  let ahead = "";
  const read = (history: readonly string[]): Promise<Typed> => {
    const keys = new PassThrough();
    const lines = openLines(Object.assign(keys, { setRawMode: (isRaw: boolean) => input.setRawMode(isRaw) }), history);
    return new Promise((resolve) => {
      let isDone = false;
      const finish = (typed: Typed): void => {
        if (isDone) {
          return;
        }
        isDone = true;
        input.off("data", take).off("end", end).off("error", end).pause();
        process.off("SIGINT", clear);
        lines.close();
        resolve(typed);
      };
      /** A line at a time: the next one may be for somebody else. */
      const feed = (): void => {
        while (!isDone && ahead !== "" && !keys.isPaused()) {
          const length = 1 + (lineEnd.exec(ahead)?.index ?? ahead.length);
          const piece = ahead.slice(0, length);
          ahead = ahead.slice(length);
          if (lines.line.length + piece.length > maxTypedLine) {
            output.write("\n");
            finish({ kind: "too_long" });
            return;
          }
          keys.write(piece);
          if (lineEnd.test(piece)) {
            setImmediate(feed);
            return;
          }
        }
      };
      const take = (chunk: Buffer): void => {
        ahead += decoder.write(chunk).replace(/\p{Cc}/gu, onlyKeys);
        feed();
      };
      const end = (): void => finish({ kind: "ended" });
      const clear = (): void => {
        if (!isDumb) {
          lines.write(null, { ctrl: true, name: "e" });
        }
        output.write(isDumb ? "\n" : "^C\n");
        finish({ kind: "cleared" });
      };
      lines.on("line", (line) => finish({ kind: "line", line })).on("SIGINT", clear);
      lines.on("close", () => {
        output.write(isDone ? "" : "\n");
        end();
      });
      lines.on("SIGCONT", () => lines.prompt(true));
      // Of a terminal that edits by itself the system tells it.
      process.on("SIGINT", clear);
      keys.on("resume", () => setImmediate(feed));
      input.on("data", take).on("end", end).on("error", end).resume();
      lines.prompt();
      feed();
    });
  };
  const openLines = (keys: NodeJS.ReadableStream, history: readonly string[]): Interface =>
    createInterface({
      ...{ input: keys, output, prompt, terminal: !isDumb, history: [...history], tabSize: 8 },
      historySize: history.length + 1,
      completer: (line: string, done: (error: null, result: CompleterResult) => void) =>
        void complete(line).then(({ found, typed }) => done(null, [[...found], typed])),
    });
  return {
    read,
    forget() {
      ahead = "";
    },
  };
}

/** Controls that are no keys of the editor are left out: some terminals obey those of the upper half. */
function onlyKeys(control: string): string {
  return control === "\u007f" || (control > "\0" && control <= "\u001b") ? control : "";
}
