import type { Command } from "commander";
import { clientCommand } from "../../client-program.ts";
import { usage } from "../../failure.ts";
import { printJson, printRows } from "../../output/print.ts";
import type { Terminal } from "../../terminal.ts";
import { listColumns, metaOf } from "./metadata.ts";

interface ListFlags {
  readonly limit?: string;
}

const pageSize = 1_000;

export const listCommand = (terminal: Terminal): Command =>
  clientCommand<ListFlags>(terminal, {
    syntax: "list",
    title: "context list",
    description: "list secrets, without their values",
    examples: ["zsc context list", "zsc context list --limit 20 --json"],
    options: (command) => command.option("--limit <n>", "no more than so many"),
    async run({ connection, flags }) {
      const limit = limitIn(flags);
      const secrets: ReturnType<typeof metaOf>[] = [];
      let receipt: string | undefined;
      for (let pageToken: string | undefined; ; ) {
        const request = { pageSize: Math.min(pageSize, limit - secrets.length), ...(pageToken && { pageToken }) };
        const page = await connection.call("List", ({ admin }, options) => admin.list(request, options));
        receipt = page.receipt;
        secrets.push(...page.answer.secrets.map(metaOf));
        pageToken = page.answer.nextPageToken;
        if (pageToken === undefined || secrets.length >= limit) {
          break;
        }
        terminal.progress(`${secrets.length} secrets`);
      }
      terminal.progressDone();
      if (flags.json === true) {
        printJson(terminal, { count: secrets.length, secrets }, receipt);
      } else {
        printRows(terminal, listColumns, secrets);
      }
    },
  });

function limitIn({ limit }: ListFlags): number {
  if (limit === undefined) {
    return Number.MAX_SAFE_INTEGER;
  }
  if (!/^[1-9][0-9]{0,8}$/.test(limit)) {
    throw usage("--limit must be a whole number of at least 1");
  }
  return Number(limit);
}
