import { setTimeout as sleep } from "node:timers/promises";
import { type FaultProxy, openFaultProxy } from "../support/fault-proxy.ts";
import { type Galera, openGalera } from "../support/galera.ts";
import type { LocalServer } from "../support/mysql-server.ts";
import { createPrivateFolder } from "../support/server-process.ts";
import { sumOf } from "./counts.ts";
import { mysqlView } from "./database-view.ts";
import { changeTables, killServer, nothing, rivals } from "./disturbances.ts";
import { conclude, type Outcome, play } from "./play.ts";
import type { Disturbance } from "./round.ts";
import { createScene, type Scene } from "./scene.ts";
import { cutOff, forgetFlows, freezeNode, freezeServer } from "./silence.ts";
import { freshKeys } from "./tokens.ts";

/** Longer than the others of a cluster wait for a node that is gone. */
const absenceMs = 6_000;
const starts = 3;

async function main(): Promise<void> {
  const folder = createPrivateFolder("zsc-galera-logs-");
  const cluster = await openGalera();
  try {
    const together = await startTogether(cluster, folder.path);
    conclude("galera", [together, await underLoad(cluster, folder.path), await inSilence(cluster, folder.path)]);
  } finally {
    await cluster.dispose();
    folder.remove();
  }
}

/** Two servers start at the same moment on two nodes over an empty database: one schema, one key check, one chain. */
async function startTogether(cluster: Galera, folder: string): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (let index = 1; index <= starts; index++) {
    outcomes.push(await play(await sceneOn(cluster, `start ${index}`, folder), "b", [nothing]));
  }
  return {
    title: "starts at once",
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
    counts: sumOf(outcomes.map(({ counts }) => counts)),
  };
}

async function underLoad(cluster: Galera, folder: string): Promise<Outcome> {
  const [first, second, third] = cluster.nodes;
  if (first === undefined || second === undefined || third === undefined) {
    throw new Error("three nodes are needed");
  }
  const scene = await sceneOn(cluster, "two nodes", folder);
  const idleUrl = scene.nodes[0]?.url ?? "";
  return await play(scene, "g", [
    nothing,
    killNode("an idle node", third, undefined),
    killNode("a server's node", second, 1),
    killNode("the other server's node", first, 0),
    changeTables(idleUrl),
    rivals(idleUrl),
    killServer,
  ]);
}

/** What dies without a word: the other side hears nothing of it. The first server works by way of a relay. */
async function inSilence(cluster: Galera, folder: string): Promise<Outcome> {
  const [first] = cluster.nodes;
  if (first === undefined) {
    throw new Error("a cluster without nodes");
  }
  const relay = await openFaultProxy(first.url());
  try {
    return await play(await sceneOn(cluster, "silence", folder, relay), "q", [
      freezeServer("at any moment"),
      cutOff(relay, "at any moment"),
      forgetFlows(relay),
      freezeNode(first),
    ]);
  } finally {
    await relay.close();
  }
}

/** Servers on the first two nodes; the books are kept by the third, which no server uses. */
async function sceneOn(cluster: Galera, title: string, folder: string, relay?: FaultProxy): Promise<Scene> {
  const database = await cluster.createDatabase();
  const urls = cluster.nodes.map((node) => node.url(database));
  // A look must show all that the cluster had committed before it.
  const nodes = urls.map((url) => ({ url, view: mysqlView(url, ["SET SESSION wsrep_sync_wait = 15"]) }));
  const [first = "", second = ""] = urls;
  const serverUrls = [relay?.url(first) ?? first, second];
  return await createScene({ title, serverUrls, nodes: nodes.reverse(), keys: freshKeys(), folder });
}

/** `kill -9` of a node, which comes back later. The server that used it is of no use meanwhile, and then is again. */
function killNode(which: string, node: LocalServer, server: number | undefined): Disturbance {
  return {
    title: `${which} killed`,
    cutsClients: false,
    async run({ servers }) {
      await node.kill();
      await sleep(absenceMs);
      const user = server === undefined ? undefined : servers[server];
      const readyWithoutNode = (await user?.isReady()) === true;
      const backMs = await timed(() => node.start());
      const readyMs = await timed(() => Promise.all(servers.map((each) => each.untilReady())));
      const text = `back after ${absenceMs + backMs} ms, the servers ${readyMs} ms later`;
      return readyWithoutNode ? { text, findings: ["its server said that it is ready without it"] } : { text };
    },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const since = Date.now();
  await work();
  return Date.now() - since;
}

await main();
