import { readCall } from "../calls.ts";
import { type Contender, loadOf, measureInTurn, of } from "../measure.ts";
import { onScene, usualNumbers } from "../scene.ts";
import { crowdsOf, type Section } from "./section.ts";

export const replicasSection: Section = {
  name: "replicas",
  title: "Two servers on one MariaDB",
  about:
    "The same calls in flight, all at one server or half at each of two. Servers take turns at the head of the chain.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const call = readCall("grpc", usualNumbers, stage.tokens);
      const vault = await scene.vault("mariadb");
      const [one, other] = [await scene.zsc(vault), await scene.zsc(vault)];
      const both = { ...one, ports: [...one.ports, ...other.ports], pids: [...one.pids, ...other.pids] };
      const contenders = crowdsOf(stage.options).flatMap((inFlight): Contender[] => {
        const against = [of(`replicas/one/${inFlight}`, "of one")];
        return [
          loadOf(stage, { id: `replicas/one/${inFlight}`, what: "one server", inFlight, call, target: one }),
          loadOf(stage, { id: `replicas/two/${inFlight}`, what: "two servers", inFlight, call, target: both, against }),
        ];
      });
      return await measureInTurn(stage, contenders);
    }),
};
