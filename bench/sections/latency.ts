import { join } from "node:path";
import { type Call, echoCall, readCall } from "../calls.ts";
import { startTalking, type TalkingChild } from "../child.ts";
import type { Committing } from "../commit.ts";
import type { Recorder } from "../load/recorder.ts";
import { type Contender, measureInTurn, runLoad, type Target } from "../measure.ts";
import { databaseKinds, databaseTitles, onScene, usualNumbers, type Vault } from "../scene.ts";
import type { Stage } from "../stage.ts";
import type { Section } from "./section.ts";

export const latencySection: Section = {
  name: "latency",
  title: "One call in flight",
  about:
    "The median time of a read against the median of a bare echo plus the median of a bare commit: one small INSERT and " +
    "a COMMIT, one after the other, in the same database. `INSERT alone` commits itself, with a round trip less. " +
    "`echo that commits`: the bare echo's server makes that commit before each answer, so both meet a processor that has " +
    "slept meanwhile.",
  unit: "p50 ms",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const committer = startTalking(join(import.meta.dirname, "../commit.ts"));
      try {
        const echo = await scene.echo("fast");
        const contenders = [latencyOf(stage, "latency/echo", "echo", echoCall("grpc"), echo)];
        for (const kind of databaseKinds) {
          const vault = await scene.vault(kind);
          const committing = await scene.committingEcho(vault);
          contenders.push(...contendersOf(stage, committer, vault, { committing, zsc: await scene.zsc(vault) }));
        }
        return await measureInTurn(stage, contenders);
      } finally {
        await committer.stop();
      }
    }),
};

interface Servers {
  readonly committing: Target;
  readonly zsc: Target;
}

function contendersOf(
  stage: Stage,
  committer: TalkingChild,
  vault: Vault,
  { committing, zsc }: Servers,
): readonly Contender[] {
  const id = `latency/${vault.kind}`;
  const name = databaseTitles[vault.kind];
  const read = readCall("grpc", usualNumbers, stage.tokens);
  return [
    commitOf(stage, committer, vault, { id: `${id}/alone`, what: `INSERT alone, ${name}`, how: "alone" }),
    commitOf(stage, committer, vault, { id: `${id}/commit`, what: `INSERT and COMMIT, ${name}`, how: "pair" }),
    latencyOf(stage, `${id}/committing`, `echo that commits, ${name}`, echoCall("grpc"), committing),
    {
      ...latencyOf(stage, `${id}/read`, `read, ${name}`, read, zsc),
      against: [
        { ids: ["latency/echo", `${id}/commit`], as: "of echo and commit" },
        { ids: [`${id}/committing`], as: "of the echo that commits" },
        { ids: ["latency/echo", `${id}/alone`], as: "of echo and INSERT alone" },
      ],
    },
  ];
}

function latencyOf(stage: Stage, id: string, what: string, call: Call, target: Target): Contender {
  return {
    id,
    what,
    async measure(warmUp) {
      const { p50Ms, p99Ms, failed, firstFailure } = await runLoad(stage, call, target, 1, warmUp);
      return { value: p50Ms, p99Ms, failed, firstFailure };
    },
  };
}

interface BareCommit extends Pick<Contender, "id" | "what"> {
  readonly how: Committing["how"];
}

function commitOf(stage: Stage, committer: TalkingChild, { url }: Vault, { id, what, how }: BareCommit): Contender {
  return {
    id,
    what,
    async measure({ seconds }) {
      const committing: Committing = { url, how, warmUpSeconds: seconds, seconds: stage.options.seconds };
      const { p50Ms, p99Ms } = JSON.parse(await committer.ask(JSON.stringify(committing))) as CommitTimes;
      return { value: p50Ms, p99Ms };
    },
  };
}

type CommitTimes = ReturnType<Recorder["result"]>;
