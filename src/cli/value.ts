import { isUtf8 } from "node:buffer";
import { usage } from "./failure.ts";
import { hasInput, readFile, readWhole } from "./input.ts";
import type { Questions } from "./questions.ts";
import type { Terminal } from "./terminal.ts";

export interface ValueFlags {
  readonly value?: string;
  readonly file?: string;
  readonly keepNewline?: boolean;
  readonly stripNewline?: boolean;
}

interface ValueSources {
  readonly terminal: Terminal;
  readonly questions: Questions;
}

const maxValueBytes = 65_536;
const maxFileBytes = 1_048_576;

/**
 * The value of a secret: of a flag, a file, standard input or a prompt (contract people.md, section 3).
 *
 * @throws CliFailure before anything is sent
 */
export async function readValue(flags: ValueFlags, { terminal, questions }: ValueSources): Promise<string> {
  const { value, file, keepNewline = false, stripNewline = false } = flags;
  const { stdin } = terminal;
  const isPiped = stdin !== undefined && hasInput(stdin);
  const given = [value !== undefined, file !== undefined, isPiped].filter(Boolean).length;
  if (given > 1) {
    throw usage("the value is given twice", "one of --value, --file and standard input");
  }
  if (value !== undefined) {
    terminal.remark("zsc: the value is in the shell's history now, and was in the list of processes");
    return requireValue(value);
  }
  if (file !== undefined || isPiped) {
    const bytes =
      file === undefined ? readWhole(stdin ?? 0, "standard input", maxFileBytes) : readFile(file, maxFileBytes);
    return requireValue(withoutBreak(textOf(bytes, file ?? "standard input"), { keepNewline, stripNewline }, terminal));
  }
  const typed = await questions.secret("value: ", "--file FILE, or the value on standard input");
  const lines = typed.split("\n").length;
  const characters = [...typed].length;
  terminal.remark(`${characters} character${characters === 1 ? "" : "s"}, ${lines} line${lines === 1 ? "" : "s"}`);
  return requireValue(typed);
}

/** A single line loses its one final line break; text of several lines is kept byte by byte. */
function withoutBreak(
  text: string,
  { keepNewline, stripNewline }: { readonly keepNewline: boolean; readonly stripNewline: boolean },
  terminal: Terminal,
): string {
  const [lineBreak = ""] = /\r?\n$/.exec(text) ?? [];
  if (lineBreak === "" || keepNewline) {
    return text;
  }
  const stripped = text.slice(0, -lineBreak.length);
  if (stripNewline || !/[\r\n]/.test(stripped)) {
    terminal.explain("the final line break is not part of the value (--keep-newline keeps it)");
    return stripped;
  }
  terminal.explain("the final line break is part of the value, which has several lines (--strip-newline drops it)");
  return text;
}

function requireValue(text: string): string {
  if (!text.isWellFormed()) {
    throw usage("the value is no well-formed text", "a value that is UTF-8 text; other bytes as base64");
  }
  const bytes = Buffer.byteLength(text);
  if (bytes === 0) {
    throw usage("the value is empty", "a value of at least one byte, or zsc context delete NAME");
  }
  if (bytes > maxValueBytes) {
    throw usage("the value is larger than 65,536 bytes", "keep a smaller value, such as a key to the rest");
  }
  return text;
}

function textOf(bytes: Buffer, from: string): string {
  if (!isUtf8(bytes)) {
    throw usage(`${from} is not UTF-8 text`, "iconv -t UTF-8 for text; other bytes as base64");
  }
  return bytes.toString("utf8");
}
