import { TextDecoder } from "node:util";
import { usage } from "../failure.ts";

const maxLineLength = 131_072;

/** Lines of piped input, without their line breaks, as they come. @throws CliFailure when they are no text, or one is too long */
export async function* scriptLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of input) {
    const lines = (rest + decode(decoder, chunk)).split("\n");
    rest = lines.pop() ?? "";
    requireShort(rest);
    for (const line of lines) {
      yield withoutReturn(requireShort(line));
    }
  }
  rest += decode(decoder);
  if (rest !== "") {
    yield withoutReturn(rest);
  }
}

function requireShort(line: string): string {
  if (line.length > maxLineLength) {
    throw usage("a line of standard input is too long", "--file FILE for a long value");
  }
  return line;
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw usage("standard input is not UTF-8 text", "iconv -t UTF-8");
  }
}
