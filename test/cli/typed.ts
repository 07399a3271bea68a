import { openTypedTerminal } from "./typed-terminal.ts";

/** What is waited for on the terminal, and what is typed then. */
type Step = readonly [shown: string, typed: string];

/** Runs `zsc …` on a terminal of its own, types what the steps say, and resolves when it has ended. */
export async function typeZsc(
  args: readonly string[],
  steps: readonly Step[],
  settings: Parameters<typeof openTypedTerminal>[1],
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const terminal = openTypedTerminal(args, settings);
  for (const [shown, typed] of steps) {
    await terminal.shows(shown);
    terminal.type(typed);
  }
  const code = await terminal.ended();
  return { code, shown: terminal.raw() };
}
