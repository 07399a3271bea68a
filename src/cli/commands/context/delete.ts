import type { Command } from "commander";
import { clientCommand, namingSecret } from "../../client-program.ts";
import { declined } from "../../failure.ts";
import { conditionOf, ifVersionFlag, type VersionFlags } from "../../flags.ts";
import { printJson } from "../../output/print.ts";
import { visible } from "../../output/visible.ts";
import type { Terminal } from "../../terminal.ts";
import { fieldsOf, metaOf } from "./metadata.ts";

interface DeleteFlags extends VersionFlags {
  readonly yes?: boolean;
}

const shownFirst = ["owner", "readers", "last read"];

export const deleteCommand = (terminal: Terminal): Command =>
  clientCommand<DeleteFlags>(terminal, {
    syntax: "delete <name>",
    alias: "rm",
    title: "context delete",
    description: "delete a secret for good; its rows stay in the log",
    examples: ["zsc context delete db-password", "zsc context rm db-password --yes"],
    options: (command) => command.option(...ifVersionFlag).option("--yes", "do not ask"),
    async run({ connection, flags, questions, terminal }, name) {
      if (flags.yes !== true) {
        questions.requireAsking("--yes");
        const { answer } = await connection
          .call("Info", ({ admin }, options) => admin.info({ name }, options))
          .catch(namingSecret(name));
        const fields = answer.secret === undefined ? [] : fieldsOf(metaOf(answer.secret), terminal.isWatched);
        for (const [title, value] of fields.filter(([each]) => shownFirst.includes(each))) {
          terminal.remark(`${title}: ${visible(value)}`);
        }
        const question = `delete ${visible(name)} for good? Type its name: `;
        if (!(await questions.confirmTyped(question, name, "--yes"))) {
          throw declined("that is not its name, and nothing was deleted");
        }
      }
      const { receipt } = await connection
        .call("Delete", ({ admin }, options) => admin.delete({ name, ...conditionOf(flags) }, options))
        .catch(namingSecret(name));
      if (flags.json === true) {
        printJson(terminal, { name, deleted: true }, receipt);
      } else {
        terminal.out(`deleted ${visible(name)}`);
      }
    },
  });
