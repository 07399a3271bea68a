import { type Command, Option } from "commander";
import { openSealed } from "../age/index.ts";
import { clientCommand, type Given } from "../client-program.ts";
import { CliFailure, declined, usage } from "../failure.ts";
import { collect } from "../flags.ts";
import {
  type ImportFormat,
  type ImportSettings,
  importFormats,
  isAgeFile,
  maxImportBytes,
  openJournal,
  type ParsedImport,
  type Plan,
  parseImport,
  planImport,
  type RefusalReason,
  type Remark,
  type Written,
  writeAll,
} from "../import/index.ts";
import { readFile, readWhole, requireStdin } from "../input.ts";
import { visible } from "../output/visible.ts";
import type { Terminal } from "../terminal.ts";

interface ImportFlags extends ImportSettings {
  readonly format?: ImportFormat;
  readonly prefix?: string;
  readonly path?: string;
  readonly onConflict: "fail" | "skip" | "replace";
  readonly dryRun?: boolean;
  readonly skipRefused?: boolean;
  readonly strict?: boolean;
  readonly lastWins?: boolean;
  readonly expandJson?: boolean;
  readonly allFields?: boolean;
  readonly identityFile?: string;
  readonly resume?: boolean;
  readonly yes?: boolean;
}

export const importCommand = (terminal: Terminal): Command =>
  clientCommand<ImportFlags>(terminal, {
    syntax: "import <file>",
    title: "import",
    description: "write the secrets of a file, or of standard input (-); shows first what it would do",
    examples: [
      "zsc import .env --prefix app/ --owner ZEQ-APP --dry-run",
      "zsc import .env --prefix app/ --owner ZEQ-APP",
      "vault kv get -format=json secret/app | zsc import - --path app --on-conflict replace --yes",
    ],
    options: (command) =>
      command
        .addOption(new Option("--format <format>", "what the file is, where it is not seen").choices(importFormats))
        .option("--prefix <text>", "put before each name")
        .option("--path <path>", "where the values of a Vault export lived: its file does not say it")
        .option("--owner <zid>", "who owns them")
        .option("--grant <zid>", "who may read them, too; may be given again", collect)
        .option("--tag <tag>", "their purpose tag")
        .addOption(
          new Option("--on-conflict <what>", "when a name exists").choices(["fail", "skip", "replace"]).default("fail"),
        )
        .option("--dry-run", "show what would be done, and do nothing")
        .option("--skip-refused", "write the rest when something is refused")
        .option("--strict", "refuse what is warned of")
        .option("--last-wins", "of a name that is there twice, take the last value")
        .option("--expand-json", "aws-sm: a secret for each key of a JSON object")
        .option("--all-fields", "1password: fields that are not concealed, too")
        .option("--identity-file <file>", "what opens an age file, as age-keygen wrote it")
        .option("--resume", "go on behind what an interrupted import has written")
        .option("--yes", "do not ask"),
    run: (given, file) => importFile(given, file),
  });

async function importFile(given: Given<ImportFlags>, file: string): Promise<void> {
  const { connection, flags, terminal, vault } = given;
  const bytes =
    file === "-" ? readWhole(requireStdin(terminal), "standard input", maxImportBytes) : readFile(file, maxImportBytes);
  const content = await opened(bytes, file, given);
  const parsed = parsedFrom(content, content === bytes ? file : "-", flags);
  const journal = openJournal([vault.url, bytes, JSON.stringify(boundFlags(flags))], process.env);
  if (flags.resume === true && !journal.existed) {
    throw usage(
      "there is no import of this input, into this vault, with these flags to go on with",
      "the same command without --resume",
    );
  }
  if (flags.resume !== true) {
    journal.clear();
  }
  const left = parsed.entries.filter(({ name }) => !journal.done.has(name));
  const plan = left.length === 0 ? { fresh: [], existing: [] } : await planImport(connection, left);
  const outcome: Outcome = { ...parsed, plan };
  const isRefused = parsed.refused.length > 0;
  const nothing = plan.fresh.length + plan.existing.length + parsed.skipped.length + parsed.refused.length === 0;
  if (flags.json !== true) {
    show(terminal, outcome, flags);
  }
  if (nothing && journal.done.size === 0) {
    throw usage("there is nothing to import", "check the file, and --format");
  }
  if (isRefused && flags.skipRefused !== true) {
    throw refusalOf(outcome).with({ result: resultOf(outcome, flags, nothingDone) });
  }
  if (plan.existing.length > 0 && flags.onConflict === "fail" && flags.dryRun !== true) {
    const names = `${plan.existing.length} ${plan.existing.length === 1 ? "name exists" : "names exist"}`;
    throw new CliFailure("conflict", `${names}, and nothing was written`, { next: "--on-conflict skip, or replace" });
  }
  const entries = [...plan.fresh, ...(flags.onConflict === "replace" ? plan.existing : [])];
  const done = flags.dryRun === true ? nothingDone : await write(given, entries, journal, file);
  if (flags.json !== true && flags.dryRun !== true) {
    if (done.stopped === undefined) {
      terminal.note(`${done.written} written${done.failed.length === 0 ? "" : `, ${done.failed.length} failed`}`);
    }
    for (const { name, error } of done.failed) {
      terminal.note(`! ${visible(name)}: ${error}`);
    }
  }
  const failure = done.stopped ?? failureIn(done, isRefused);
  const result = resultOf(outcome, flags, done);
  if (failure !== undefined) {
    throw failure.with({ result });
  }
  if (flags.json === true) {
    terminal.out(JSON.stringify({ ok: true, ...result }));
  }
}

const nothingDone: Written = { written: 0, failed: [], stopped: undefined };

interface Outcome extends Omit<ParsedImport, "entries"> {
  readonly plan: Plan;
}

/** What to do about an input that is of no format. */
const ways: Readonly<Partial<Record<RefusalReason, string>>> = {
  not_utf8: "mend the line, or iconv -t UTF-8",
  ambiguous_format: "--format vault-kv2, or --format vault-kv1",
};
const throughJson = "an object of names and values in JSON: zsc import FILE.json";

/** What is in an age file; any other input as it is. */
async function opened(bytes: Buffer, file: string, { flags, questions }: Given<ImportFlags>): Promise<Buffer> {
  const { identityFile } = flags;
  if (!isAgeFile(bytes)) {
    if (identityFile !== undefined) {
      throw usage(
        `--identity-file is for an age file, and ${file} is none`,
        "the same command without --identity-file",
      );
    }
    return bytes;
  }
  const name = file === "-" ? "standard input" : file;
  return await openSealed(bytes, name, { questions, ...(identityFile === undefined ? {} : { identityFile }) });
}

function parsedFrom(bytes: Buffer, file: string, { format, ...flags }: ImportFlags): ParsedImport {
  // With these the library for YAML prints what it reads.
  delete process.env["LOG_TOKENS"];
  delete process.env["LOG_STREAM"];
  const parsed = parseImport(bytes, {
    ...flags,
    ...(format === undefined ? {} : { format }),
    ...(file === "-" ? {} : { fileName: file }),
  });
  if (parsed.format === undefined) {
    const [first] = parsed.refused;
    const { why = "not_supported", line = 1 } = first ?? {};
    throw usage(`${file}, line ${line}: ${why}`, ways[why] ?? throughJson);
  }
  return parsed;
}

/** What an import is, beside its input: with other flags it would be another one. */
function boundFlags({
  format,
  prefix,
  path,
  owner,
  grant,
  tag,
  onConflict,
  strict,
  lastWins,
  expandJson,
  allFields,
}: ImportFlags) {
  return { format, prefix, path, owner, grant, tag, onConflict, strict, lastWins, expandJson, allFields };
}

async function write(
  { connection, flags, terminal, questions }: Given<ImportFlags>,
  entries: Parameters<typeof writeAll>[1],
  journal: ReturnType<typeof openJournal>,
  file: string,
): Promise<Written> {
  if (entries.length === 0) {
    return nothingDone;
  }
  const what = `write ${entries.length} ${entries.length === 1 ? "secret" : "secrets"}?`;
  if (flags.yes !== true && !(await questions.confirm(what, "--yes"))) {
    throw declined("nothing was written");
  }
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.on("SIGINT", interrupt);
  try {
    const done = await writeAll(connection, entries, flags, {
      journal,
      signal: abort.signal,
      onProgress: (count) => terminal.progress(`${count} of ${entries.length} written`),
    });
    terminal.progressDone();
    if (done.stopped === undefined) {
      journal.remove();
      return done;
    }
    journal.save();
    const next = `the same command with --resume${file === "-" ? ", and the same input" : ""}`;
    const failed = done.failed.length === 0 ? "" : `, ${done.failed.length} failed`;
    const message = `${done.written} of ${entries.length} were written${failed}: ${done.stopped.message}`;
    return { ...done, stopped: done.stopped.with({ message, next }) };
  } finally {
    process.off("SIGINT", interrupt);
  }
}

/** The exit code says that some were left out; those that were written stay. */
function failureIn({ failed }: Written, isRefused: boolean): CliFailure | undefined {
  const [first] = failed;
  if (first !== undefined) {
    const isConflict = failed.every(({ kind }) => kind === "conflict");
    return new CliFailure(isConflict ? "conflict" : "no", `${failed.length} of the entries were not written`, {
      next: "look at what was told of each, then import those again",
    });
  }
  return isRefused
    ? new CliFailure("no", "refused entries were left out", { next: "mend those, and import them alone" })
    : undefined;
}

function refusalOf({ refused: { length } }: Outcome): CliFailure {
  return usage(
    `${length} ${length === 1 ? "entry is" : "entries are"} refused, and nothing was written`,
    "mend the file, or --skip-refused",
  );
}

/** What would be done: never a value, its length or a digest. */
function show(
  terminal: Terminal,
  { format, plan, skipped, warnings, refused }: Outcome,
  { onConflict }: ImportFlags,
): void {
  const at = ({ line, lastLine, why }: Remark<string>) =>
    lastLine === undefined ? `line ${line}: ${why}` : `lines ${line} to ${lastLine}: ${why}`;
  terminal.note(`format: ${format}`);
  for (const { name, line } of plan.fresh) {
    terminal.out(`${terminal.styled("green", "+")} ${visible(name)} (line ${line})`);
  }
  for (const { name, line } of plan.existing) {
    terminal.out(
      `${onConflict === "replace" ? "~" : onConflict === "skip" ? "=" : "!"} ${visible(name)} (line ${line}: exists)`,
    );
  }
  for (const remark of skipped) {
    terminal.out(`= ${visible(remark.name ?? "")} (${at(remark)})`);
  }
  for (const remark of warnings) {
    terminal.note(`warning: ${visible(remark.name ?? "")} (${at(remark)})`);
  }
  for (const remark of refused) {
    terminal.out(`! ${visible(remark.name ?? "")} (${at(remark)})`);
  }
  const toReplace = onConflict === "replace" ? plan.existing.length : 0;
  const leftOut = skipped.length + (onConflict === "skip" ? plan.existing.length : 0);
  const exist = onConflict === "fail" && plan.existing.length > 0 ? `${plan.existing.length} that exist, ` : "";
  terminal.note(
    `${plan.fresh.length} new, ${exist}${toReplace} to replace, ${leftOut} skipped, ${refused.length} refused, ${warnings.length} warnings`,
  );
}

function resultOf(
  { format, plan, skipped, warnings, refused }: Outcome,
  flags: ImportFlags,
  { written, failed }: Written,
) {
  const named = ({ name, line }: { readonly name: string; readonly line: number }) => ({ name, line });
  return {
    ...{ format, dryRun: flags.dryRun === true },
    new: plan.fresh.map(named),
    existing: plan.existing.map(named),
    ...{ skipped, warnings, refused, written },
    failed: failed.map(({ name, error }) => ({ name, error })),
  };
}
