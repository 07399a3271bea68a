import { readCall } from "../calls.ts";
import { type Contender, loadOf, measureInTurn, of, type Target } from "../measure.ts";
import { databaseKinds, databaseTitles, onScene, usualNumbers } from "../scene.ts";
import type { DatabaseKind } from "../stage.ts";
import { crowdsOf, type Section } from "./section.ts";

export const naiveSection: Section = {
  name: "naive",
  title: "Group commit against a transaction for each read",
  about: "The same server, once as it is shipped and once with batches of a single operation.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const call = readCall("grpc", usualNumbers, stage.tokens);
      const servers: { readonly kind: DatabaseKind; readonly group: Target; readonly each: Target }[] = [];
      for (const kind of databaseKinds) {
        const vault = await scene.vault(kind);
        servers.push({ kind, group: await scene.zsc(vault), each: await scene.zsc(vault, { commits: "each" }) });
      }
      const contenders = crowdsOf(stage.options).flatMap((inFlight) =>
        servers.flatMap(({ kind, group, each }): Contender[] => {
          const id = (commits: string) => `naive/${kind}/${commits}/${inFlight}`;
          const what = databaseTitles[kind];
          const against = [of(id("each"), "times")];
          return [
            loadOf(stage, { id: id("each"), what: `${what}, one by one`, inFlight, call, target: each }),
            loadOf(stage, { id: id("group"), what: `${what}, group commit`, inFlight, call, target: group, against }),
          ];
        }),
      );
      return await measureInTurn(stage, contenders);
    }),
};
