// The bare commit's process: a line in says where and for how long, a line out what one small INSERT and its COMMIT take.
import { createInterface } from "node:readline";
import { type How, openCommitter } from "./committer.ts";
import { Recorder } from "./load/recorder.ts";

export interface Committing {
  /** `sqlite:path` or `mysql://…`. */
  readonly url: string;
  readonly how: How;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

for await (const line of createInterface({ input: process.stdin })) {
  // Written by the process that started this one.
  process.stdout.write(`${JSON.stringify(await measure(JSON.parse(line) as Committing))}\n`);
}

async function measure({ url, how, warmUpSeconds, seconds }: Committing) {
  const { commit, close } = await openCommitter(url, how);
  const recorder = new Recorder();
  const repeat = async (forSeconds: number) => {
    const until = performance.now() + 1_000 * forSeconds;
    while (performance.now() < until) {
      const began = performance.now();
      await commit();
      recorder.answered(performance.now() - began);
    }
  };
  await repeat(warmUpSeconds);
  recorder.begin();
  await repeat(seconds);
  await close();
  return recorder.result();
}
