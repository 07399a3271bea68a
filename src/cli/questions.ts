import { openSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";
import { declined, interrupted, usage } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** Asks on the terminal itself, never from piped input; answers default to no. */
export interface Questions {
  /** Whether a person can be asked. */
  readonly canAsk: boolean;
  /** Before anything is done for the sake of a question. Throws as `confirm`. */
  requireAsking(flag: string): void;
  /**
   * Yes or no. @throws CliFailure when nobody can be asked, naming the flag that answers it
   */
  confirm(question: string, flag: string): Promise<boolean>;
  /** A line of text that must be typed exactly. Throws as `confirm`. */
  confirmTyped(question: string, wanted: string, flag: string): Promise<boolean>;
  /** A text that is not shown while it is typed; of a paste the line breaks stay. Throws as `confirm`. */
  secret(question: string, flag: string): Promise<string>;
}

const interrupt = "\u0003";
const endOfInput = "\u0004";
const pasteStart = "\u001b[200~";
const pasteEnd = "\u001b[201~";
const maxTypedLength = 1_048_576;

/** With ZSC_NO_INPUT=1 as if no terminal were there. */
export function openQuestions({ beforeQuestion }: Pick<Terminal, "beforeQuestion">, env = process.env): Questions {
  const isAllowed = env["ZSC_NO_INPUT"] !== "1";
  const open = (flag: string): { readonly input: ReadStream; readonly output: WriteStream } => {
    const terminal = isAllowed ? tryOpen() : undefined;
    if (terminal === undefined) {
      throw nobodyToAsk(flag);
    }
    return terminal;
  };
  const ask = async (question: string, flag: string, echo: boolean): Promise<string> => {
    const { input, output } = open(flag);
    beforeQuestion();
    try {
      // First of all: what is typed at once must not be shown.
      input.setRawMode(true);
      output.write(question);
      return await readLine({ input, output, echo, moves: env["TERM"] !== "dumb", flag });
    } finally {
      input.setRawMode(false);
      input.destroy();
      output.destroy();
    }
  };
  const canAsk = () => {
    const terminal = isAllowed ? tryOpen() : undefined;
    terminal?.input.destroy();
    terminal?.output.destroy();
    return terminal !== undefined;
  };
  return {
    get canAsk() {
      return canAsk();
    },
    requireAsking(flag) {
      if (!canAsk()) {
        throw nobodyToAsk(flag);
      }
    },
    confirm: async (question, flag) => /^y(es)?$/i.test((await ask(`${question} [y/N] `, flag, true)).trim()),
    confirmTyped: async (question, wanted, flag) => (await ask(question, flag, true)) === wanted,
    secret: (question, flag) => ask(question, flag, false),
  };
}

function tryOpen() {
  try {
    return {
      input: new ReadStream(openSync("/dev/tty", "r")),
      output: new WriteStream(openSync("/dev/tty", "w")),
    };
  } catch {
    return undefined;
  }
}

interface Asked {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** Whether what is typed is shown. */
  readonly echo: boolean;
  /** Whether the terminal knows more than to print. */
  readonly moves: boolean;
  /** What answers the question instead. */
  readonly flag: string;
}

/** One line as it is typed. Ctrl-C and the end of input change nothing. */
function readLine({ input, output, echo, moves, flag }: Asked): Promise<string> {
  input.setEncoding("utf8");
  // A terminal that knows it tells typed text from pasted.
  output.write(moves ? "\u001b[?2004h" : "");
  return new Promise<string>((resolve, reject) => {
    let text = "";
    let isPasting = false;
    const end = (finish: () => void) => {
      input.off("data", take);
      input.off("end", endOfFile);
      input.off("error", endOfFile);
      output.write(moves ? "\u001b[?2004l\r\n" : "\n");
      finish();
    };
    const endOfFile = () => end(() => reject(unanswered()));
    const takeKey = (key: string): boolean => {
      if (key === pasteStart || key === pasteEnd) {
        isPasting = key === pasteStart;
        return false;
      }
      if (key === interrupt) {
        end(() => reject(interrupted()));
        return true;
      }
      if (!isPasting && (key === "\r" || key === "\n")) {
        end(() => resolve(text));
        return true;
      }
      if (!isPasting && key === endOfInput) {
        end(() => (text === "" ? reject(unanswered()) : resolve(text)));
        return true;
      }
      if (!isPasting && (key === "\u007f" || key === "\b")) {
        const kept = [...text].slice(0, -1).join("");
        if (echo && kept !== text) {
          // Where nothing can be taken back, what goes is printed behind a backslash (ECHOPRT of termios).
          output.write(moves ? "\b \b" : `\\${text.slice(kept.length)}`);
        }
        text = kept;
        return false;
      }
      if (!isPasting && key.startsWith("\u001b")) {
        return false;
      }
      const taken = isPasting && key === "\r" ? "\n" : key;
      text += taken;
      if (echo) {
        output.write(taken);
      }
      if (text.length > maxTypedLength) {
        end(() => reject(usage("the text is too long", flag)));
        return true;
      }
      return false;
    };
    const take = (chunk: string) => {
      for (const key of keysOf(chunk)) {
        if (takeKey(key)) {
          return;
        }
      }
    };
    input.on("data", take);
    input.on("end", endOfFile);
    // The terminal is gone.
    input.on("error", endOfFile);
    output.on("error", endOfFile);
  });
}

/** Escape sequences whole, everything else by character. */
function keysOf(chunk: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
  return chunk.match(/\u001b\[[0-9;]*[~A-Za-z]|\u001b.|[\s\S]/gu) ?? [];
}

function nobodyToAsk(flag: string): Error {
  return usage("there is no terminal to ask on", flag);
}

function unanswered(): Error {
  return declined("nothing was answered, and nothing was changed");
}
