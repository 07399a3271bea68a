import { Command } from "commander";
import { VaultError } from "../../../base/index.ts";
import type { Operation, Store } from "../../../ledger/index.ts";
import type { Person } from "../../../people/index.ts";
import { withExamples } from "../../flags.ts";
import { type MachineFlags, withMachineFlags } from "../../machine-command.ts";
import { printJson } from "../../output/print.ts";
import { visible } from "../../output/visible.ts";
import { openQuestions, type Questions } from "../../questions.ts";
import type { Terminal } from "../../terminal.ts";
import { emailOf } from "./input.ts";
import { listedUserOf } from "./listed-user.ts";
import { onMachine } from "./machine.ts";

/** What a change of a user is given. */
interface Given<I> {
  readonly user: Person;
  /** All who have the e-mail: another one was put back by hand. */
  readonly users: readonly Person[];
  readonly input: I;
  readonly store: Store;
  readonly questions: Questions;
  submit<T>(operation: Operation<T>): Promise<T>;
}

interface UserChange<F, I> {
  readonly name: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** Adds arguments behind the e-mail, and flags. */
  options?(command: Command): Command;
  /** Arguments behind the e-mail and flags as they are used; before anything is opened. @throws CliFailure */
  parse(flags: F, ...args: readonly (string | undefined)[]): I;
  /** Resolves to the user as it is then. */
  change(given: Given<I>): Promise<Person>;
  /** What a person is told. */
  said(email: string, input: I): string;
}

/** A command that changes the user of an e-mail. */
export function userChange<F extends object, I>(terminal: Terminal, spec: UserChange<F, I>): Command {
  const { name, description, examples, options, parse, change, said } = spec;
  const bare = new Command(name).description(description).argument("<email>", "the user's e-mail");
  const command = withMachineFlags(options?.(bare) ?? bare);
  return withExamples(command, examples).action(async (given: string, ...others: unknown[]) => {
    const flags = command.opts<F & MachineFlags>();
    const input = parse(flags, ...(others.slice(0, -2) as (string | undefined)[]));
    const email = await emailOf(given);
    const user = await onMachine({ flags, terminal }, false, async ({ sequencer, store }) => {
      const submit = async <T>(operation: Operation<T>) => (await sequencer.submit(operation)).value;
      const { findUsers } = await import("../../../people/index.ts");
      const users = await submit(findUsers(email)).catch(naming(email));
      return await change({ user: users[0], users, input, store, questions: openQuestions(terminal), submit });
    });
    if (flags.json === true) {
      printJson(terminal, { user: listedUserOf(user) });
    } else {
      terminal.out(said(visible(email), input));
    }
  });
}

/** Agents have keys of their own, which the end of their maker does not end: whoever meant those as well is told. */
export function tellOfAgents(terminal: Terminal, count: number): void {
  if (count > 0) {
    const agents = count === 1 ? "agent" : "agents";
    terminal.note(`zsc: ${count} active ${agents} that the user made may still call (GET /v1/agents)`);
  }
}

function naming(email: string) {
  return (error: unknown): never => {
    const isUnknown = error instanceof VaultError && error.code === "NOT_FOUND";
    throw isUnknown ? new VaultError("NOT_FOUND", `no user ${JSON.stringify(email)}`) : error;
  };
}
