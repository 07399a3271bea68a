import type { Command } from "commander";
import { zeqondMs } from "../../../base/index.ts";
import { clientCommand, type Given, namingSecret } from "../../client-program.ts";
import { exclusive } from "../../contradictions.ts";
import { CliFailure, declined, usage } from "../../failure.ts";
import { collect, conditionOf, ifVersionFlag, type VersionFlags } from "../../flags.ts";
import { printJson } from "../../output/print.ts";
import { tryParseDuration } from "../../output/time.ts";
import { visible } from "../../output/visible.ts";
import type { Terminal } from "../../terminal.ts";
import { readValue, type ValueFlags } from "../../value.ts";

interface SetFlags extends ValueFlags, VersionFlags {
  readonly owner?: string;
  readonly grant?: readonly string[];
  /** False: `--no-tag`. */
  readonly tag?: string | false;
  readonly expiresIn?: string;
  readonly expiresZeqond?: string;
  readonly neverRotate?: boolean;
  readonly yes?: boolean;
  readonly create?: boolean;
}

export const setCommand = (terminal: Terminal): Command =>
  clientCommand<SetFlags>(terminal, {
    syntax: "set <name>",
    title: "context set",
    description: "set the value of a secret; what is not given stays as it is",
    examples: [
      "zsc context set db-password                  # asks for the value, and does not show it",
      "pass show db | zsc context set db-password --owner ZEQ-APP",
      "zsc context set tls-key --file key.pem --grant ZEQ-APP --grant ZEQ-BACKUP",
    ],
    options: (command) =>
      withExclusions(command)
        .option("--file <file>", "the value is the content of a file")
        .option("--value <value>", "the value itself: it stays in the shell's history")
        .option("--keep-newline", "a final line break is part of the value")
        .option("--strip-newline", "a final line break is not part of the value")
        .option("--owner <zid>", "who owns it")
        .option("--grant <zid>", "who may read it, too; replaces the whole list", collect, undefined)
        .option("--tag <tag>", "its purpose tag")
        .option("--no-tag", "it has no purpose tag")
        .option("--expires-in <time>", "when it is sealed afresh, for example 30d")
        .option("--expires-zeqond <n>", "the same, as a Zeqond")
        .option("--never-rotate", "it is never sealed afresh by itself")
        .option("--create", "only when there is no secret of that name")
        .option(...ifVersionFlag)
        .option("--yes", "do not ask before a value is replaced"),
    async run(given, name) {
      const { connection, flags, questions, terminal } = given;
      const expiry = expiryIn(flags);
      await confirmReplacing(given, name);
      const value = await readValue(flags, { terminal, questions });
      const { owner, grant, tag } = flags;
      const request = {
        ...{ name, value, ...expiry, ...conditionOf(flags), createOnly: flags.create === true },
        ...(owner === undefined ? {} : { boundZid: owner }),
        ...(grant === undefined ? {} : { permissions: { zids: [...grant] } }),
        ...(tag === undefined ? {} : { purposeTag: tag === false ? "" : tag }),
      };
      const { answer, receipt } = await connection
        .call("Set", ({ admin }, options) => admin.set(request, options))
        .catch(namingSecret(name));
      if (flags.json === true) {
        printJson(terminal, { name, version: Number(answer.version) }, receipt);
      } else {
        terminal.out(`set ${visible(name)}`);
      }
    },
  });

function withExclusions(command: Command): Command {
  exclusive(command, "--value", "--file");
  exclusive(command, "--keep-newline", "--strip-newline");
  exclusive(command, "--create", "--if-version");
  return exclusive(command, "--expires-in", "--expires-zeqond", "--never-rotate");
}

/** On a terminal a name that exists is asked for: no older value is kept. */
async function confirmReplacing(
  { connection, flags, questions, terminal }: Given<SetFlags>,
  name: string,
): Promise<void> {
  const isDecided = flags.yes === true || flags.create === true || flags.ifVersion !== undefined;
  if (isDecided || !terminal.isTerminal || !questions.canAsk) {
    return;
  }
  const exists = await connection
    .call("Info", ({ admin }, options) => admin.info({ name }, options))
    .then(
      () => true,
      (error: unknown) => {
        if (error instanceof CliFailure && error.code === "NOT_FOUND") {
          return false;
        }
        throw error;
      },
    );
  if (exists && !(await questions.confirm("replace its value? no older value is kept", "--yes"))) {
    throw declined("nothing was changed");
  }
}

function expiryIn({ expiresIn, expiresZeqond, neverRotate }: SetFlags) {
  if (neverRotate === true) {
    return { expiresNever: true };
  }
  if (expiresIn !== undefined) {
    const ms = tryParseDuration(expiresIn);
    if (ms === undefined) {
      throw usage("--expires-in must be a time such as 30d", "--expires-in 30d");
    }
    return { expiresZeqond: BigInt(Math.floor((Date.now() + ms) / zeqondMs)) };
  }
  if (expiresZeqond === undefined) {
    return {};
  }
  if (!/^(0|[1-9][0-9]{0,15})$/.test(expiresZeqond)) {
    throw usage("--expires-zeqond must be a whole number", "--expires-in 30d, or the number of a Zeqond");
  }
  return { expiresZeqond: BigInt(expiresZeqond) };
}
