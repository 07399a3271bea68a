import { setTimeout as sleep } from "node:timers/promises";

const waitsMs = 60_000;

/** Asks again and again until the answer is yes. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + waitsMs;
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) {
      throw new Error("waited in vain");
    }
    await sleep(10);
  }
}
