import { echoCall, readCall } from "../calls.ts";
import { type Contender, type Loading, loadOf, measureInTurn, of, type Target } from "../measure.ts";
import { databaseKinds, databaseTitles, onScene, type Scene, usualNumbers } from "../scene.ts";
import type { DatabaseKind, Stage } from "../stage.ts";
import { crowdsOf, type Section } from "./section.ts";

/** Two servers of one vault, which differ in what they log. */
interface Servers {
  readonly kind: DatabaseKind;
  readonly usual: Target;
  readonly terse: Target;
}

export const readSection: Section = {
  name: "read",
  title: "The whole read, gRPC",
  about:
    "Token, decision, decryption and a durable, chained audit row, answered by `zsc serve` in production mode with its " +
    "usual log at `info`, over 1,000 secrets of 100 bytes. `hot`: one and the same secret. `warn`: with the log at `warn`.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const [echo, stock, raw] = [await scene.echo("fast"), await scene.echo("stock"), await scene.echo("http2")];
      const servers: Servers[] = [];
      for (const kind of databaseKinds) {
        servers.push(await serversOf(scene, kind));
      }
      const contenders = [1, ...crowdsOf(stage.options)].flatMap((inFlight): Contender[] => {
        const bare = { inFlight, call: echoCall("grpc") };
        return [
          loadOf(stage, { ...bare, id: `read/echo/${inFlight}`, what: "echo, our transport", target: echo }),
          loadOf(stage, { ...bare, id: `read/stock/${inFlight}`, what: "echo, stock Connect-Node", target: stock }),
          loadOf(stage, { ...bare, id: `read/raw/${inFlight}`, what: "echo, raw node:http2", target: raw }),
          ...servers.flatMap((one) => readsOf(stage, one, inFlight)),
        ];
      });
      return await measureInTurn(stage, contenders);
    }),
};

async function serversOf(scene: Scene, kind: DatabaseKind): Promise<Servers> {
  const vault = await scene.vault(kind);
  return { kind, usual: await scene.zsc(vault), terse: await scene.zsc(vault, { logLevel: "warn" }) };
}

function readsOf(stage: Stage, { kind, usual, terse }: Servers, inFlight: number): readonly Contender[] {
  const id = `read/${kind}/${inFlight}`;
  const what = `read, ${databaseTitles[kind]}`;
  const call = readCall("grpc", usualNumbers, stage.tokens);
  const hotCall = readCall("grpc", [7], stage.tokens);
  const ofEcho = of(`read/echo/${inFlight}`, "of the echo");
  const ofStock = of(`read/stock/${inFlight}`, "of stock Connect's echo");
  const ofRaw = of(`read/raw/${inFlight}`, "of raw node:http2's");
  const usually: Loading = { id, what, inFlight, call, target: usual, against: [ofEcho, ofStock, ofRaw] };
  if (inFlight === 1) {
    return [loadOf(stage, usually)];
  }
  return [
    loadOf(stage, usually),
    loadOf(stage, { ...usually, id: `${id}/hot`, what: `${what}, hot`, call: hotCall, against: [ofEcho] }),
    loadOf(stage, { ...usually, id: `${id}/warn`, what: `${what}, warn`, target: terse, against: [ofEcho] }),
  ];
}
