import { Command, Option } from "commander";
import { OperatorError, systemClock, VaultError } from "../../base/index.ts";
import { type Config, loadConfig } from "../../config/index.ts";
import { createSequencer } from "../../ledger/index.ts";
import type { NewUser } from "../../people/index.ts";
import { createRowMac, hexSource, openKeyring } from "../../sealing/index.ts";
import type { MadeUser } from "../../user-maker.ts";
import { type Development, developmentOption, modeOf } from "../development.ts";
import { requireStdin } from "../input.ts";
import type { Terminal } from "../terminal.ts";

const roles = ["owner", "admin", "member"] as const;

interface CreateOptions extends Development {
  readonly owner?: boolean;
  readonly role: (typeof roles)[number];
  readonly zid?: string;
  readonly name?: string;
  readonly passwordStdin?: boolean;
  readonly json?: boolean;
}

export function userCommand(terminal: Terminal): Command {
  const user = new Command("user").description("users of the vault API (/v1), on the vault's own machine");
  user
    .command("create")
    .description("make a user with a personal key, which is shown once; beside a running server or without one")
    .argument("<email>", "the user's e-mail")
    .addOption(developmentOption())
    .option("--owner", "short for --role owner")
    .addOption(new Option("--role <role>", "what the user may do").choices(roles).default("member"))
    .option("--zid <ZID>", "whose the user is on ZSC's own surface")
    .option("--name <text>", "as people call the user")
    .option("--password-stdin", "a password to sign in with, on standard input; one final line break is dropped")
    .option("--json", "print one line of JSON")
    .action(async (email: string, options: CreateOptions) => {
      const config = loadConfig(process.env, { mode: modeOf(options) });
      const role = options.owner === true ? "owner" : options.role;
      const name = options.name ?? "";
      const passwordHash = options.passwordStdin === true ? await hashOfInput([email, name], terminal) : null;
      const made = await createUserIn(config, { email, role, zid: options.zid ?? null, name, passwordHash });
      try {
        const line = { id: made.id, email: made.email, role, api_key: made.key.text() };
        terminal.out(options.json === true ? JSON.stringify(line) : textOf(line));
      } finally {
        made.key.wipe();
      }
    });
  return user;
}

/** What is kept of the password on standard input, once it has been judged. */
async function hashOfInput(hints: readonly string[], terminal: Terminal): Promise<string> {
  requireStdin(terminal);
  const { createPasswordHasher, createPasswordJudge, parseNewPassword } = await import("../../auth/index.ts");
  try {
    const password = parseNewPassword((await inputWithin(maxInputBytes)).replace(/\r?\n$/, ""));
    try {
      await createPasswordJudge()(password, hints);
      return await createPasswordHasher().hash(password);
    } finally {
      password.wipe();
    }
  } catch (error) {
    throw error instanceof VaultError ? new OperatorError(`The user was not made: ${error.message}.`) : error;
  }
}

const maxInputBytes = 16_384;

async function inputWithin(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new OperatorError("The user was not made: the password is too long.");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Beside a running server or without one. */
async function createUserIn(config: Config, user: NewUser): Promise<MadeUser> {
  const { openStore } = await import("../../compose.ts");
  const { makeUser } = await import("../../user-maker.ts");
  const keyring = await openKeyring(hexSource(config.masterKey));
  const store = await openStore(config.database);
  const sequencer = createSequencer({ store, clock: systemClock, mac: createRowMac(keyring) });
  try {
    return await makeUser(sequencer, user);
  } finally {
    await sequencer.close();
    await store.close();
  }
}

function textOf(made: Readonly<Record<"id" | "email" | "role" | "api_key", string>>): string {
  const lines = [`id:      ${made.id}`, `e-mail:  ${made.email}`, `role:    ${made.role}`, `key:     ${made.api_key}`];
  return [...lines, "", "The key is shown this once, and kept as a hash only."].join("\n");
}
