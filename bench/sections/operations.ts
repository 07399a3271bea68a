import { batchReadCall, type Call, probeCall, readCall, setCall } from "../calls.ts";
import { type Contender, loadOf, measureInTurn, of } from "../measure.ts";
import { databaseKinds, databaseTitles, onScene, usualNumbers } from "../scene.ts";
import { ownerZid } from "../vault-content.ts";
import type { Section } from "./section.ts";

const inFlight = 64;
/** A batch is a hundred operations for the sequencer, which lets some 4,000 wait. */
const batchesInFlight = 16;

export const operationsSection: Section = {
  name: "operations",
  title: "Other operations, gRPC",
  about:
    "A `set` gives an existing secret a new value of 100 bytes; a `probe` is granted; a `batch` reads 100 secrets.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const { tokens } = stage;
      const calls: readonly { readonly name: string; readonly call: Call; readonly inFlight: number }[] = [
        { name: "read", call: readCall("grpc", usualNumbers, tokens), inFlight },
        { name: "probe", call: probeCall(usualNumbers, ownerZid, tokens), inFlight },
        { name: "set", call: setCall(usualNumbers, tokens), inFlight },
        { name: "batch", call: batchReadCall(usualNumbers, tokens), inFlight: batchesInFlight },
      ];
      const contenders: Contender[] = [];
      for (const kind of databaseKinds) {
        const target = await scene.zsc(await scene.vault(kind));
        for (const { name, ...load } of calls) {
          const against = name === "read" ? [] : [of(`operations/${kind}/read`, "of the read")];
          const what = `${name}, ${databaseTitles[kind]}`;
          contenders.push(loadOf(stage, { ...load, id: `operations/${kind}/${name}`, what, target, against }));
        }
      }
      return await measureInTurn(stage, contenders);
    }),
};
