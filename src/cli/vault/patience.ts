import { CliFailure } from "../failure.ts";

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** Tries again for so long, while the vault is away. */
export async function patiently<T>(forMs: number, work: () => Promise<T>): Promise<T> {
  const giveUpAtMs = performance.now() + forMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isAway = error instanceof CliFailure && error.kind === "no_answer";
      if (!isAway || performance.now() >= giveUpAtMs) {
        throw error;
      }
      const pauseMs = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
