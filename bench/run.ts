// `npm run bench`: measures, prints tables, and with --json all that was measured.
import { writeFileSync } from "node:fs";
import { describeEnvironment } from "./environment.ts";
import { parseOptions, usage } from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";
import { headingOf, reachText, reportOf, sectionText } from "./report.ts";
import type { RunResult, SectionResult } from "./results.ts";
import { sectionsNamed } from "./sections/all.ts";
import { openStage } from "./stage.ts";
import { writeIntoMarkdown } from "./write-markdown.ts";

const options = parseOptions(process.argv.slice(2));
if (options.help) process.stdout.write(usage);
else await run(createProgress(process.stderr));

async function run(progress: Progress): Promise<void> {
  const sections = sectionsNamed(options.only);
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
    publish({ at, environment: describeEnvironment(stage), sections: results });
  } finally {
    progress.clear();
    await stage.close();
  }
}

function publish(result: RunResult): void {
  process.stdout.write(`${[...reachText(result), headingOf(result)].join("\n\n")}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.write !== undefined) writeIntoMarkdown(options.write, reportOf(result));
  // A load whose calls fail measures something else.
  const failures = failuresIn(result);
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
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
