import { isUtf8 } from "node:buffer";
import { usage } from "../../failure.ts";
import { requireStdin } from "../../input.ts";
import type { Questions } from "../../questions.ts";
import type { Terminal } from "../../terminal.ts";
import { failureOnMachine } from "./machine.ts";

const maxInputBytes = 16_384;
const passwordAdvice = "a password of 12 to 256 characters, that is hard to guess";

/**
 * What is kept of a new password, once it has been judged.
 *
 * @param hints e-mail and name: an attacker would try them first
 * @throws CliFailure
 */
export async function hashPassword(text: string, hints: readonly string[]): Promise<string> {
  const { createPasswordHasher, createPasswordJudge, parseNewPassword } = await import("../../../auth/index.ts");
  try {
    const password = parseNewPassword(text);
    try {
      await createPasswordJudge()(password, hints);
      return await createPasswordHasher().hash(password);
    } finally {
      password.wipe();
    }
  } catch (error) {
    throw failureOnMachine(error);
  }
}

/** A password on standard input; one final line break is dropped. */
export async function passwordOfInput(terminal: Terminal): Promise<string> {
  requireStdin(terminal);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    bytes += chunk.length;
    if (bytes > maxInputBytes) {
      throw usage("the password is too long", passwordAdvice);
    }
    chunks.push(chunk);
  }
  const input = Buffer.concat(chunks);
  if (!isUtf8(input)) {
    throw usage("the password is not UTF-8 text", passwordAdvice);
  }
  return input.toString("utf8").replace(/\r?\n$/, "");
}

/** A password as a person types it, twice. */
export async function askPassword(questions: Questions): Promise<string> {
  const typed = await questions.secret("new password: ", "--password-stdin");
  if ((await questions.secret("the same again: ", "--password-stdin")) !== typed) {
    throw usage("the two passwords are not the same, and nothing was changed", "the same command again");
  }
  return typed;
}
