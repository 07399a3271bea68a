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
  /** Drops what was typed ahead. */
  forget(): void;
}

interface EditorSettings {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** A terminal that knows no movement: it edits the line by itself, as far as it can. */
  readonly isDumb: boolean;
  complete(line: string): Promise<Completions>;
}

/** What was read and does not belong to the line of now. */
interface Ahead {
  text: string;
  readonly decoder: StringDecoder;
}

const prompt = "pulse> ";
/** Each character that is typed costs as much time as the line is long. */
const maxTypedLine = 4_096;
/** Enter, Ctrl-C and Ctrl-D: behind them another line may begin. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const lineEnd = /[\r\n\u0003\u0004]/;

export function createEditor(settings: EditorSettings): Editor {
  const ahead: Ahead = { text: "", decoder: new StringDecoder("utf8") };
  return {
    read: (history) => new Promise((resolve) => new TypedLine(settings, ahead, history, resolve).begin()),
    forget() {
      ahead.text = "";
    },
  };
}

/** One line, from its prompt to its end. */
class TypedLine {
  readonly #settings: EditorSettings;
  readonly #ahead: Ahead;
  readonly #resolve: (typed: Typed) => void;
  readonly #keys = new PassThrough();
  readonly #lines: Interface;
  #isDone = false;

  constructor(settings: EditorSettings, ahead: Ahead, history: readonly string[], resolve: (typed: Typed) => void) {
    const { input, output, isDumb, complete } = settings;
    this.#settings = settings;
    this.#ahead = ahead;
    this.#resolve = resolve;
    this.#lines = createInterface({
      input: Object.assign(this.#keys, { setRawMode: (isRaw: boolean) => input.setRawMode(isRaw) }),
      ...{ output, prompt, terminal: !isDumb },
      ...{ history: [...history], historySize: history.length + 1 },
      completer: (line: string, done: (error: null, result: CompleterResult) => void) =>
        void complete(line).then(({ found, typed }) => done(null, [[...found], typed])),
    });
  }

  begin(): void {
    const { input, output } = this.#settings;
    this.#lines
      .on("line", (line) => this.#finish({ kind: "line", line }))
      .on("SIGINT", this.#clear)
      .on("SIGCONT", () => this.#lines.prompt(true))
      .on("close", () => {
        output.write(this.#isDone ? "" : "\n");
        this.#end();
      });
    // A terminal that edits by itself sends a signal for Ctrl-C.
    process.on("SIGINT", this.#clear);
    // Readline pauses while it completes.
    this.#keys.on("resume", () => setImmediate(this.#feed));
    input.on("data", this.#take).on("end", this.#end).on("error", this.#end).resume();
    this.#lines.prompt();
    this.#feed();
  }

  /** Gives readline a line at a time: the next one may be for somebody else. */
  readonly #feed = (): void => {
    while (!this.#isDone && this.#ahead.text !== "" && !this.#keys.isPaused()) {
      const { text } = this.#ahead;
      const length = 1 + (lineEnd.exec(text)?.index ?? text.length);
      const piece = text.slice(0, length);
      this.#ahead.text = text.slice(length);
      if (this.#lines.line.length + piece.length > maxTypedLine) {
        this.#settings.output.write("\n");
        this.#finish({ kind: "too_long" });
        return;
      }
      this.#keys.write(piece);
      if (lineEnd.test(piece)) {
        setImmediate(this.#feed);
        return;
      }
    }
  };

  readonly #take = (chunk: Buffer): void => {
    this.#ahead.text += this.#ahead.decoder.write(chunk).replace(/\p{Cc}/gu, onlyKeys);
    this.#feed();
  };

  readonly #clear = (): void => {
    const { isDumb, output } = this.#settings;
    if (!isDumb) {
      this.#lines.write(null, { ctrl: true, name: "e" });
    }
    output.write(isDumb ? "\n" : "^C\n");
    this.#finish({ kind: "cleared" });
  };

  readonly #end = (): void => this.#finish({ kind: "ended" });

  #finish(typed: Typed): void {
    if (this.#isDone) {
      return;
    }
    this.#isDone = true;
    const { input } = this.#settings;
    input.off("data", this.#take).off("end", this.#end).off("error", this.#end).pause();
    process.off("SIGINT", this.#clear);
    this.#lines.close();
    this.#resolve(typed);
  }
}

/** Controls that are no keys of the editor are left out: some terminals obey those of the upper half. */
function onlyKeys(control: string): string {
  return control === "\u007f" || (control > "\0" && control <= "\u001b") ? control : "";
}
