import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { createWorkQueue, type Plaintext, VaultError } from "../base/index.ts";

const leastScore = 3;
/** A password whose patterns take longer to count is refused: it holds up those who wait. */
const judgeWithinMs = 5_000;
/** How long the thread may take to load its lists: the password has nothing to do with that. */
const loadWithinMs = 60_000;
const judgesWaiting = 16;
const judgeRetryMs = 2_000;

/**
 * Judges a new password by zxcvbn: what an attacker would try first, counting `hints` (e-mail and name) among it.
 *
 * @throws VaultError `INVALID_ARGUMENT` for one that is guessed too easily; `OVERLOADED`
 */
export type JudgePassword = (password: Plaintext, hints: readonly string[]) => Promise<void>;

/** On a thread of its own, one at a time: its lists take a hundred megabytes, and are gone with it. */
export function createPasswordJudge(): JudgePassword {
  const queue = createWorkQueue({
    ...{ atOnce: 1, waiting: judgesWaiting, retryAfterMs: judgeRetryMs },
    message: "too many new passwords are waiting",
  });
  return async (password, hints) => {
    const score = await queue.run(() => scoreOf(password.text(), hints));
    if (score < leastScore) {
      throw new VaultError("INVALID_ARGUMENT", "the password is guessed too easily: take more words, or rarer ones");
    }
  };
}

function scoreOf(password: string, hints: readonly string[]): Promise<number> {
  // In the bundle it stands beside, too.
  const file = new URL(`./password-strength-thread${extname(import.meta.filename)}`, import.meta.url);
  const thread = new Worker(file, { workerData: { password, hints: hints.flatMap(partsOf) }, execArgv: [] });
  return new Promise<number>((resolve, reject) => {
    let timer = setTimeout(() => reject(crowded()), loadWithinMs);
    thread.on("message", (said) => {
      clearTimeout(timer);
      if (said === "begins") {
        timer = setTimeout(() => resolve(0), judgeWithinMs);
      } else {
        resolve(Number(said));
      }
    });
    thread.once("error", () => reject(new Error("the judge of passwords failed")));
    thread.once("exit", (code) => reject(new Error(`the judge of passwords ended with ${code}`)));
    thread.once("exit", () => clearTimeout(timer));
  }).finally(() => void thread.terminate());
}

function crowded(): VaultError {
  const message = "the judge of passwords has not started in time";
  return new VaultError("OVERLOADED", message, { retryAfterMs: judgeRetryMs });
}

/** An e-mail whole and in its parts. */
function partsOf(hint: string): readonly string[] {
  return [hint, ...hint.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length > 2);
}
