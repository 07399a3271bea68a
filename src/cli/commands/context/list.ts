import { type Command, Option } from "commander";
import { clientCommand } from "../../client-program.ts";
import { wholeNumber } from "../../flags.ts";
import { printJson, printRows } from "../../output/print.ts";
import type { Terminal } from "../../terminal.ts";
import { nonsense } from "../../vault/call-failure.ts";
import { listColumns, metaOf } from "./metadata.ts";

interface ListFlags {
  readonly prefix?: string;
  readonly contains?: string;
  readonly tag?: string;
  readonly owner?: string;
  readonly reader?: string;
  readonly due?: boolean;
  readonly neverRead?: boolean;
  readonly sort?: keyof typeof orderings;
  readonly desc?: boolean;
  readonly limit?: number;
}

/** As people name an order, and as the call does. */
const orderings = {
  name: "name",
  updated: "updated_at",
  expires: "expires_zeqond",
  "last-read": "last_read_zeqond",
  reads: "read_count",
} as const;

const pageSize = 1_000;

export const listCommand = (terminal: Terminal): Command =>
  clientCommand<ListFlags>(terminal, {
    syntax: "list",
    title: "context list",
    description: "list secrets, without their values",
    examples: [
      "zsc context list",
      "zsc context list --prefix billing/ --never-read",
      "zsc context list --reader ZEQ-APP --sort last-read --desc --limit 20 --json",
    ],
    options: (command) =>
      command
        .option("--prefix <text>", "names that begin with it")
        .option("--contains <text>", "names that hold it, in capitals or not")
        .option("--tag <tag>", "with this purpose tag")
        .option("--owner <zid>", "of this owner")
        .option("--reader <zid>", "that this ZID may read")
        .option("--due", "that are to be sealed afresh by now")
        .option("--never-read", "that were never read")
        .addOption(new Option("--sort <by>", "in another order than by name").choices(Object.keys(orderings)))
        .option("--desc", "from the other end")
        .option("--limit <n>", "no more than so many", wholeNumber),
    async run({ connection, flags }) {
      const { limit = Number.MAX_SAFE_INTEGER } = flags;
      const filter = filterOf(flags);
      const secrets: ReturnType<typeof metaOf>[] = [];
      let receipt: string | undefined;
      let total: bigint | undefined;
      for (let pageToken: string | undefined; ; ) {
        const size = { pageSize: Math.min(pageSize, limit - secrets.length), ...(pageToken && { pageToken }) };
        const page = await connection.call("List", ({ admin }, options) => admin.list({ ...filter, ...size }, options));
        receipt = page.receipt;
        total ??= page.answer.total;
        secrets.push(...page.answer.secrets.map(metaOf));
        if (page.answer.secrets.length === 0 && page.answer.nextPageToken !== undefined) {
          throw nonsense("a page of its list has no end");
        }
        pageToken = page.answer.nextPageToken;
        if (pageToken === undefined || secrets.length >= limit) {
          break;
        }
        terminal.progress(`${secrets.length} of ${total ?? "many"} secrets`);
      }
      terminal.progressDone();
      if (flags.json === true) {
        printJson(terminal, { count: secrets.length, total: Number(total ?? secrets.length), secrets }, receipt);
      } else {
        printRows(terminal, listColumns, secrets);
      }
    },
  });

function filterOf({ prefix, contains, tag, owner, reader, due, neverRead, sort, desc }: ListFlags) {
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(contains === undefined ? {} : { contains }),
    ...(tag === undefined ? {} : { purposeTag: tag }),
    ...(owner === undefined ? {} : { boundZid: owner }),
    ...(reader === undefined ? {} : { readerZid: reader }),
    ...{ due: due === true, neverRead: neverRead === true, descending: desc === true },
    ...(sort === undefined ? {} : { orderBy: orderings[sort] }),
  };
}
