import { clientCommand, namingSecret } from "../../client-program.ts";
import { printFields, printJson } from "../../output/print.ts";
import type { Terminal } from "../../terminal.ts";
import { fieldsOf, metaOf } from "./metadata.ts";

export const infoCommand = (terminal: Terminal) =>
  clientCommand<object>(terminal, {
    syntax: "info <name>",
    title: "context info",
    description: "show everything about a secret but its value",
    examples: ["zsc context info db-password", "zsc context info db-password --json"],
    async run({ connection, flags }, name) {
      const { answer, receipt } = await connection
        .call("Info", ({ admin }, options) => admin.info({ name }, options))
        .catch(namingSecret(name));
      if (answer.secret === undefined) {
        throw new Error("an answer without a secret");
      }
      const secret = metaOf(answer.secret);
      const version = Number(answer.secret.version);
      if (flags.json === true) {
        printJson(terminal, { secret, version }, receipt);
      } else {
        printFields(terminal, [...fieldsOf(secret, terminal.isTerminal), ["version", String(version)]]);
      }
    },
  });
