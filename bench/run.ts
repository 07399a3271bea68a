// `npm run bench`: measures, prints tables, and with --json all that was measured.
import { writeFileSync } from "node:fs";
import { describeEnvironment } from "./environment.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";
import { headingOf, reachText, reportOf, sectionText } from "./report.ts";
import type { RunResult, SectionResult } from "./results.ts";
import { sectionNames, sectionsNamed } from "./sections/all.ts";
import type { Section } from "./sections/section.ts";
import { openStage } from "./stage.ts";
import { writeIntoMarkdown } from "./write-markdown.ts";

const commandLine = readCommandLine();
if (commandLine?.options.help === true) {
  process.stdout.write(`${usage}\nsections: ${sectionNames.join(", ")}\n`);
} else if (commandLine !== undefined) {
  await run(commandLine, createProgress(process.stderr));
}

interface CommandLine {
  readonly options: Options;
  readonly sections: readonly Section[];
}

/** Undefined, with a word on what is wrong, when it cannot be understood. */
function readCommandLine(): CommandLine | undefined {
  try {
    const options = parseOptions(process.argv.slice(2));
    return { options, sections: sectionsNamed(options.only) };
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

async function run({ options, sections }: CommandLine, progress: Progress): Promise<void> {
  const stage = await openStage(options, progress);
  const at = new Date().toISOString();
  const results: SectionResult[] = [];
  try {
    for (const { measure, ...section } of sections) {
      progress.note(section.name);
      const result = { ...section, rows: await measure(stage) };
      progress.clear();
      process.stdout.write(`${sectionText(result)}\n\n`);
      results.push(result);
    }
    publish({ at, environment: describeEnvironment(stage), sections: results }, options);
  } finally {
    progress.clear();
    await stage.close();
  }
}

function publish(result: RunResult, options: Options): void {
  process.stdout.write(`${[...reachText(result), headingOf(result)].join("\n\n")}\n`);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  }
  if (options.write !== undefined) {
    writeIntoMarkdown(options.write, reportOf(result));
  }
  // A load whose calls fail measures something else.
  const failures = failuresIn(result);
  for (const failure of failures) {
    process.stderr.write(`${failure}\n`);
  }
  if (failures.length > 0) {
    process.exitCode = 1;
  }
}

function failuresIn({ sections }: RunResult): readonly string[] {
  return sections
    .flatMap(({ rows }) => rows)
    .flatMap(({ id, samples }) =>
      samples
        .filter(({ failed = 0 }) => failed > 0)
        .map((one) => `${id}: ${one.failed} calls failed, first: ${one.firstFailure}`),
    );
}
