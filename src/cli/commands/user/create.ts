import { Command, Option } from "commander";
import { exclusive } from "../../contradictions.ts";
import { withExamples } from "../../flags.ts";
import { type MachineFlags, withMachineFlags } from "../../machine-command.ts";
import type { Terminal } from "../../terminal.ts";
import { emailOf, zidOf } from "./input.ts";
import { onMachine } from "./machine.ts";
import { hashPassword, passwordOfInput } from "./password.ts";

const roles = ["owner", "admin", "member"] as const;

interface CreateFlags extends MachineFlags {
  readonly owner?: boolean;
  readonly role: (typeof roles)[number];
  readonly zid?: string;
  readonly name?: string;
  readonly passwordStdin?: boolean;
}

const examples = [
  "zsc user create ann@example.com --owner --zid ZEQ-ANN",
  "zsc user create bob@example.com --name Bob --password-stdin < password.txt",
];

export function createCommand(terminal: Terminal): Command {
  const command = new Command("create")
    .description("make a user with a personal key, which is shown once; beside a running server or without one")
    .argument("<email>", "the user's e-mail")
    .option("--owner", "short for --role owner")
    .addOption(new Option("--role <role>", "what the user may do").choices(roles).default("member"))
    .option("--zid <ZID>", "whose the user is on ZSC's own surface")
    .option("--name <text>", "as people call the user")
    .option("--password-stdin", "a password to sign in with, on standard input; one final line break is dropped");
  return withExamples(withMachineFlags(exclusive(command, "--owner", "--role")), examples).action(
    async (given: string, flags: CreateFlags) => {
      const email = await emailOf(given);
      const zid = flags.zid === undefined ? null : zidOf(flags.zid);
      const role = flags.owner === true ? "owner" : flags.role;
      const name = flags.name ?? "";
      const passwordHash =
        flags.passwordStdin === true ? await hashPassword(await passwordOfInput(terminal), [email, name]) : null;
      const made = await onMachine({ flags, terminal }, true, async ({ sequencer }) => {
        const { makeUser } = await import("../../../user-maker.ts");
        return await makeUser(sequencer, { email, role, zid, name, passwordHash });
      });
      try {
        const line = { id: made.id, email: made.email, role, api_key: made.key.text() };
        terminal.out(flags.json === true ? JSON.stringify(line) : textOf(line));
      } finally {
        made.key.wipe();
      }
    },
  );
}

function textOf(made: Readonly<Record<"id" | "email" | "role" | "api_key", string>>): string {
  const lines = [`id:      ${made.id}`, `e-mail:  ${made.email}`, `role:    ${made.role}`, `key:     ${made.api_key}`];
  return [...lines, "", "The key is shown this once, and kept as a hash only."].join("\n");
}
