import { readCall } from "../calls.ts";
import { type Contender, cpuOf, loadOf, measureInTurn, of, p50Of } from "../measure.ts";
import { startPeer } from "../peer-server.ts";
import type { Peer } from "../peers.ts";
import { databaseKinds, databaseTitles, onScene, usualNumbers } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { crowdsOf, type Section } from "./section.ts";

/** Only with `--peers`. */
export const peersSection: Section = {
  name: "peers",
  title: "The read, beside other servers",
  about:
    "Over HTTP/1.1, a connection for each call in flight, `zsc serve` in production mode over 1,000 secrets of 100 bytes, and each server of the file that --peers names, in turn. " +
    "CPU µs of a peer: of the process that its command started, without its children.",
  unit: "calls/s",
  measure: (stage) => onScene(stage, (scene) => measure(stage, scene)),
};

async function measure(stage: Stage, scene: Parameters<Parameters<typeof onScene>[1]>[0]) {
  const { peers } = stage.options;
  const children: { stop(): Promise<void> }[] = [];
  try {
    const targets = new Map<Peer, { ports: readonly number[]; pids: readonly number[] }>();
    for (const peer of peers) {
      stage.progress.show(`starting ${peer.name}`);
      const child = await startPeer(peer);
      children.push(child);
      targets.set(peer, { ports: [peer.port], pids: [child.pid] });
    }
    const call = readCall("connect-http1", usualNumbers, stage.tokens);
    const contenders: Contender[] = [];
    const ours = await Promise.all(
      databaseKinds.map(async (kind) => ({ kind, target: await scene.zsc(await scene.vault(kind)) })),
    );
    for (const inFlight of [1, ...crowdsOf(stage.options)]) {
      for (const [peer, target] of targets) {
        contenders.push(
          loadOf(stage, { id: idOf(peer, inFlight), what: peer.name, inFlight, call: callOf(peer), target }),
        );
      }
      const against = peers.flatMap((peer) => {
        const id = idOf(peer, inFlight);
        return [of(id, `of ${peer.name}`), cpuOf(id, "of its CPU"), p50Of(id, "of its p50")];
      });
      for (const { kind, target } of ours) {
        const what = `read, ${databaseTitles[kind]}`;
        contenders.push(loadOf(stage, { id: `peers/${kind}/${inFlight}`, what, inFlight, call, target, against }));
      }
    }
    return await measureInTurn(stage, contenders);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

function idOf({ name }: Peer, inFlight: number): string {
  return `peers/${name}/${inFlight}`;
}

function callOf({ request: { method, path, headers, body }, leastAnswerBytes }: Peer) {
  const requests = [{ path, body: Buffer.from(body).toString("base64") }];
  return { wire: "http1" as const, method, headers, requests, leastAnswerBytes };
}
