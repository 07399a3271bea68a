import { type Counts, noCounts } from "./counts.ts";
import { table, tell } from "./report.ts";
import { type Disturbance, runRound, settleRun } from "./round.ts";
import type { Scene } from "./scene.ts";

/** What the rounds on one scene came to. */
export interface Outcome {
  readonly title: string;
  readonly passed: number;
  readonly failed: number;
  readonly counts: Counts;
}

/** Plays all rounds on one scene, and then accounts for the whole of it once more. `letter` begins the rounds' names. */
export async function play(scene: Scene, letter: string, disturbances: readonly Disturbance[]): Promise<Outcome> {
  const { title } = scene;
  let passed = 0;
  try {
    await Promise.all(scene.servers.map((server) => server.start()));
    await scene.prepare();
    for (const [index, disturbance] of disturbances.entries()) {
      if (await runRound(scene, `${letter}${index + 1}`, disturbance)) {
        passed++;
      }
    }
    const { counts, findings } = await settleRun(scene);
    tell(findings.length === 0, `${title}: all ${disturbances.length} rounds together`, findings);
    return { title, passed, failed: disturbances.length - passed + (findings.length === 0 ? 0 : 1), counts };
  } catch (error) {
    // What keeps the rounds from being played at all counts as the failure of all that are left.
    tell(false, title, [error instanceof Error ? error.message : String(error)]);
    return { title, passed, failed: Math.max(1, disturbances.length - passed), counts: noCounts() };
  } finally {
    await scene.close();
  }
}

/** Prints the closing table and the last line, and sets the exit code. */
export function conclude(proof: string, outcomes: readonly Outcome[]): void {
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(table(outcomes.map(({ title, counts }) => [title, counts])));
  console.log(`${proof}: ${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

export function times(count: number, disturbance: Disturbance): readonly Disturbance[] {
  return Array.from({ length: count }, () => disturbance);
}
