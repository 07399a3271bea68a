import { type Command, Option } from "commander";
import { askPassphrase, type Lock, parseRecipients, readPassphrase, seal } from "../age/index.ts";
import { openReader, type Reader } from "../client-command.ts";
import { clientCommand, type Given } from "../client-program.ts";
import { exclusive } from "../contradictions.ts";
import {
  type ExportChoice,
  type ExportedSecret,
  headOf,
  type LeftOut,
  type PlainFormat,
  plainFormats,
  plainText,
  readForExport,
  requireReadable,
  requireVariables,
} from "../export/index.ts";
import { declined, usage } from "../failure.ts";
import { collect } from "../flags.ts";
import { splitNames } from "../name-list.ts";
import { type NewFile, openNewFile } from "../new-file.ts";
import { visible } from "../output/visible.ts";
import type { Terminal } from "../terminal.ts";

interface ExportFlags {
  readonly to?: readonly string[];
  readonly toFile?: readonly string[];
  readonly passphraseFile?: string;
  readonly plaintext?: PlainFormat;
  readonly output?: string;
  readonly armor?: boolean;
  readonly prefix?: string;
  readonly only?: readonly string[];
  readonly partial?: boolean;
  readonly readerTokenFile?: string;
  readonly as?: string;
  readonly yes?: boolean;
}

const help = `
The file is sealed with age (https://age-encryption.org) as it is read: any age tool opens it, and zsc import. Give --to
where you can: a passphrase takes 1.5 s and up to 650 MB of memory, and is as good as what you can remember.
Names and grants come by the admin's token, values by a reader's: admins cannot read.`;

export const exportCommand = (terminal: Terminal): Command =>
  clientCommand<ExportFlags>(terminal, {
    syntax: "export",
    title: "export",
    description: "write all secrets into one file that is sealed with age; each is read, and each read is a row",
    help,
    examples: [
      "zsc export --to age1… -o vault.age",
      "zsc export --prefix app/ --to-file backup-recipients.txt --reader-token-file reader.jwt > app.age",
      "zsc export --only DB_URL,API_KEY --plaintext env -o .env",
    ],
    options: (command) =>
      exclusive(command, "--prefix", "--only")
        .option("--to <recipient>", "who can open it: age1…; may be given again", collect)
        .option("--to-file <file>", "the same, one in each line; may be given again", collect)
        .option(
          "--passphrase-file <file>",
          "a passphrase of at least 12 characters instead; without either it is asked for",
        )
        .addOption(new Option("--plaintext <format>", "the values as they are").choices(plainFormats))
        .option("-o, --output <file>", "a new file that only you can read, whole or not at all")
        .option("--armor", "as text")
        .option("--prefix <text>", "secrets whose names begin so")
        .option(
          "--only <names>",
          "these secrets, with commas between (\\, is a comma of a name); may be given again",
          collectNames,
        )
        .option("--partial", "leave out what the reader may not read")
        .option("--reader-token-file <file>", "the token that reads (or ZSC_READER_TOKEN_FILE)")
        .option("--as <zid>", "as whom to read; in a development vault, and with a token of the system")
        .option("--yes", "do not ask"),
    run: exportSecrets,
  });

function collectNames(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...splitNames(value)];
}

async function exportSecrets(given: Given<ExportFlags>): Promise<void> {
  const { flags, terminal } = given;
  requireFlags(flags, terminal);
  const file = flags.output === undefined ? undefined : openNewFile(flags.output);
  try {
    await exportInto(file, given);
  } finally {
    file?.discard();
  }
}

async function exportInto(file: NewFile | undefined, given: Given<ExportFlags>): Promise<void> {
  const { flags } = given;
  const lock = flags.plaintext === undefined ? await lockOf(given) : await confirmPlaintext(given);
  const reader = await openReader(flags, "export", given);
  try {
    await exportBy(reader, lock, file, given);
  } finally {
    reader.connection.close();
  }
}

async function exportBy(
  reader: Reader,
  lock: Lock | undefined,
  file: NewFile | undefined,
  given: Given<ExportFlags>,
): Promise<void> {
  const { connection, flags, terminal } = given;
  const choice: ExportChoice = flags;
  if (flags.partial !== true) {
    await requireReadable(connection, choice, reader.zid);
  }
  if (flags.plaintext === "env") {
    await requireVariables(connection, choice);
  }
  const leftOut: LeftOut[] = [];
  let count = 0;
  const secrets = readForExport(choice, {
    ...{ admin: connection, reader: reader.connection, zid: reader.zid, onBehalfOf: reader.onBehalfOf },
    onLeftOut: flags.partial === true ? (left) => void leftOut.push(left) : undefined,
    onGone: (name) => terminal.remark(`${visible(JSON.stringify(name))} was deleted meanwhile`),
  });
  const header = { exportedAt: new Date().toISOString(), vault: given.vault.url, head: await headOf(connection) };
  const text = plainText(
    flags.plaintext ?? "json",
    header,
    counted(secrets, (now) => {
      count = now;
      terminal.progress(`${now} read`);
    }),
  );
  const bytes = lock === undefined ? encoded(text) : seal(text, lock, { armor: flags.armor === true });
  await writeAll(bytes, file, terminal);
  terminal.progressDone();
  tell(given, { count, lock, leftOut });
}

function requireFlags(flags: Given<ExportFlags>["flags"], terminal: Terminal): void {
  const { to, toFile, passphraseFile, plaintext, output, armor, json } = flags;
  const ways = [to ?? toFile, passphraseFile, plaintext].filter((way) => way !== undefined).length;
  if (ways > 1) {
    throw usage("the export is sealed in one way", "one of --to and --to-file, --passphrase-file, --plaintext");
  }
  if (armor === true && plaintext !== undefined) {
    throw usage("--armor is for a sealed file", "the same command without --armor");
  }
  if (json === true && output === undefined) {
    throw usage("--json tells of a file", "-o FILE");
  }
  if (output === undefined && terminal.isTerminal) {
    throw usage("an export is not written on a terminal", "-o FILE");
  }
}

async function lockOf({ flags, questions }: Given<ExportFlags>): Promise<Lock> {
  if (flags.passphraseFile !== undefined) {
    return { passphrase: readPassphrase(flags.passphraseFile) };
  }
  const recipients = await parseRecipients(flags);
  return recipients.length > 0 ? { recipients } : { passphrase: await askPassphrase(questions) };
}

async function confirmPlaintext({ flags, questions }: Given<ExportFlags>): Promise<undefined> {
  const question = "all values will be readable by whoever gets the file; type plaintext to go on: ";
  if (flags.yes !== true && !(await questions.confirmTyped(question, "plaintext", "--yes"))) {
    throw declined("nothing was exported");
  }
}

async function* counted(
  secrets: AsyncIterable<ExportedSecret>,
  tellCount: (count: number) => void,
): AsyncGenerator<ExportedSecret, void> {
  let count = 0;
  for await (const secret of secrets) {
    count += 1;
    tellCount(count);
    yield secret;
  }
}

async function* encoded(text: AsyncIterable<string>): AsyncGenerator<Uint8Array, void> {
  for await (const piece of text) {
    yield Buffer.from(piece, "utf8");
  }
}

/** Into a new file, or to standard output as it comes. */
async function writeAll(
  bytes: AsyncIterable<Uint8Array>,
  file: NewFile | undefined,
  terminal: Terminal,
): Promise<void> {
  if (file === undefined) {
    await terminal.stream(bytes);
    return;
  }
  for await (const chunk of bytes) {
    file.write(chunk);
  }
  file.keep();
}

interface Told {
  readonly count: number;
  readonly lock: Lock | undefined;
  readonly leftOut: readonly LeftOut[];
}

function tell({ flags, terminal }: Given<ExportFlags>, { count, lock, leftOut }: Told): void {
  const recipients = lock !== undefined && "recipients" in lock ? lock.recipients : [];
  if (flags.json === true) {
    const answer = { file: flags.output, count, sealed: lock !== undefined, recipients, refused: leftOut };
    terminal.out(JSON.stringify({ ok: true, ...answer }));
    return;
  }
  for (const { name, error } of leftOut) {
    terminal.note(`! ${visible(name)} (${error})`);
  }
  const secrets = `${count} ${count === 1 ? "secret" : "secrets"}`;
  const how =
    lock === undefined
      ? "in the clear"
      : recipients.length === 0
        ? "sealed with a passphrase"
        : `sealed for ${recipients.length} ${recipients.length === 1 ? "recipient" : "recipients"}`;
  terminal.note(`${secrets} exported, ${how}${leftOut.length === 0 ? "" : `, ${leftOut.length} left out`}`);
}
