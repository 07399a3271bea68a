import { type Call, echoCall, echoJson } from "../calls.ts";
import { findH2load, runH2load } from "../load/h2load.ts";
import { type Contender, loadOf, measureInTurn, of } from "../measure.ts";
import { onScene } from "../scene.ts";
import type { Section } from "./section.ts";

const inFlight = 64;

const calls: readonly { readonly id: string; readonly what: string; readonly call: Call }[] = [
  { id: "grpc", what: "echo, gRPC", call: echoCall("grpc") },
  { id: "json", what: "echo, JSON over HTTP/1.1", call: echoJson() },
];

export const generatorsSection: Section = {
  name: "generators",
  title: "The load generators",
  about:
    "All other figures come from our own load generator, since h2load cannot ask for a thousand names by gRPC. Here both " +
    "send the same call: where ours is no slower, it is not the limit. Without h2load there is nothing to compare.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const program = findH2load();
      const echo = await scene.echo("fast");
      const port = echo.ports[0] ?? 0;
      const contenders = calls.flatMap(({ id, what, call }): Contender[] => {
        const ours = { id: `generators/${id}/own`, what: `${what}, ours`, inFlight, call, target: echo };
        if (program === undefined) {
          return [loadOf(stage, ours)];
        }
        const theirs: Contender = {
          id: `generators/${id}/h2load`,
          what: `${what}, h2load`,
          inFlight,
          measure: ({ seconds }) =>
            runH2load(program, { port, call, inFlight, warmUpSeconds: seconds, seconds: stage.options.seconds }),
        };
        return [theirs, loadOf(stage, { ...ours, against: [of(theirs.id, "of h2load")] })];
      });
      return await measureInTurn(stage, contenders);
    }),
};
