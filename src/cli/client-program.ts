import { Command } from "commander";
import { type ClientFlags, openSession, type Session, type Wanted, withClientFlags } from "./client-command.ts";
import { CliFailure } from "./failure.ts";
import { withExamples } from "./flags.ts";
import { shellArgument, shellWord } from "./output/shell-word.ts";
import { openQuestions, type Questions } from "./questions.ts";
import type { Terminal } from "./terminal.ts";

/** What every client command is given. */
export interface Given<F> extends Session {
  readonly flags: F & ClientFlags;
  readonly terminal: Terminal;
  readonly questions: Questions;
}

interface ClientCommand<F extends object> {
  /** With its arguments: `info <name>`. */
  readonly syntax: string;
  readonly description: string;
  /** As people type it, without `zsc`. */
  readonly title: string;
  readonly role?: Wanted["role"];
  readonly examples: readonly string[];
  readonly alias?: string;
  /** What help says between the options and the examples. */
  readonly help?: string;
  options?(command: Command): Command;
  run(given: Given<F>, ...args: string[]): Promise<void>;
}

/** A command of a client: parse, call, print. */
export function clientCommand<F extends object>(terminal: Terminal, spec: ClientCommand<F>): Command {
  const { syntax, description, title, role = "admin", examples, alias, help, options, run } = spec;
  const command = withClientFlags(options?.(new Command(syntax)) ?? new Command(syntax));
  command.description(description);
  if (syntax.includes(" ")) {
    const [name = "", ...args] = syntax.split(" ");
    command.name(name);
    for (const each of args) {
      command.argument(each);
    }
  }
  if (alias !== undefined) {
    command.alias(alias);
  }
  if (help !== undefined) {
    command.addHelpText("after", help);
  }
  return withExamples(command, examples).action(async (...given: unknown[]) => {
    const args = given.slice(0, -2) as string[];
    const flags = command.opts<F & ClientFlags>();
    const wanted = { role, command: title, ...asIn(flags) };
    const session = await openSession(flags, wanted, terminal);
    const questions = openQuestions(terminal);
    try {
      await run({ ...session, flags, terminal, questions }, ...args);
    } finally {
      session.connection.close();
    }
  });
}

function asIn(flags: object): Pick<Wanted, "as"> {
  const as = (flags as { readonly as?: unknown }).as;
  return typeof as === "string" ? { as } : {};
}

/** The failure of a call about one secret, which names it, and says how to look at it. */
export function namingSecret(name: string) {
  return (error: unknown): never => {
    if (error instanceof CliFailure && (error.mayHaveHappened || error.code === "CONFLICT")) {
      throw error.with({ next: `zsc context info ${shellArgument(name)}`, mayHaveHappened: false });
    }
    if (error instanceof CliFailure && error.code === "DENIED") {
      throw error.with({ next: `an admin's zsc context grant ${shellArgument(name)} ZID` });
    }
    if (error instanceof CliFailure && error.code === "NOT_FOUND") {
      const next = `zsc context list --contains ${shellWord(longestPart(name))}`;
      throw error.with({ message: `no secret ${JSON.stringify(name)}`, next });
    }
    throw error;
  };
}

/** What of a name is most likely right: its longest part. */
function longestPart(name: string): string {
  return (
    name.split(/[^\p{L}\p{N}]+/u).reduce((longest, part) => (part.length > longest.length ? part : longest), "") || name
  );
}
