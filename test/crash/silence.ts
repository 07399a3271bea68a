import { setTimeout as sleep } from "node:timers/promises";
import type { FaultProxy } from "../support/fault-proxy.ts";
import type { LocalServer } from "../support/mysql-server.ts";
import type { DatabaseView } from "./database-view.ts";
import type { Disturbance, Told } from "./round.ts";
import type { Scene } from "./scene.ts";
import type { Service } from "./service.ts";

/** No caller of a server that is well may wait longer for the vault, whatever died without a word. */
const promisedGapMs = 15_000;
/** What a busy machine may add before a round fails. */
const allowanceMs = 5_000;

/** Longer than the database keeps the session of a server that is silent. */
const absenceMs = 12_000;
/** Without a new row for so long, under load, the head is held by whoever was just silenced. */
const heldMs = 500;
const heldAttempts = 30;

const giveUpAfterMs = 60_000;

/** Whether the first server must hold the lock on the head at that moment; on a node of its own that harms nobody. */
type Lock = "with the lock" | "at any moment";

/** What makes the first server of a scene silent, and lets it speak again. */
interface Silencing {
  begin(): void;
  end(): void;
}

/** SIGSTOP of the first server. */
export function freezeServer(lock: Lock): Disturbance {
  return {
    title: "server frozen",
    cutsClients: false,
    run: (scene) => {
      const [server] = scene.servers;
      return silence(scene, lock, { begin: () => server?.signal("SIGSTOP"), end: () => server?.signal("SIGCONT") });
    },
  };
}

/** The link between the first server and the database is down; what was sent meanwhile arrives late. */
export function cutOff(relay: FaultProxy, lock: Lock): Disturbance {
  return {
    title: "server cut off from the database",
    cutsClients: false,
    run: (scene) => silence(scene, lock, { begin: relay.hold, end: relay.pass }),
  };
}

/**
 * A firewall forgets all connections of the first server to the database, the one for writes between the lock and the
 * COMMIT. Its own callers too must be served again in time.
 */
export function forgetFlows(relay: FaultProxy): Disturbance {
  return {
    title: "flows forgotten",
    cutsClients: false,
    async run({ services, nodes }) {
      const commits = relay.commits();
      relay.plan("forget");
      while (relay.commits() === commits) {
        await sleep(1);
      }
      relay.forget();
      begin(services);
      await untilHeadMoves(viewOf(nodes));
      await Promise.all(services.map((service) => service.nextAnswer()));
      return told("", services);
    },
  };
}

/** SIGSTOP of the node of a cluster that the first server uses. What counts is how long the others' callers wait. */
export function freezeNode(node: LocalServer): Disturbance {
  const signal = (name: "SIGSTOP" | "SIGCONT") => () => void process.kill(pidOf(node), name);
  return {
    title: "a server's node frozen",
    cutsClients: false,
    run: (scene) => silence(scene, "at any moment", { begin: signal("SIGSTOP"), end: signal("SIGCONT") }),
  };
}

/** SIGSTOP of the database under all servers. What counts is how soon they are back when it is. */
export function freezeDatabase(database: LocalServer): Disturbance {
  return {
    title: "database frozen",
    cutsClients: false,
    async run({ services }) {
      const pid = pidOf(database);
      process.kill(pid, "SIGSTOP");
      await sleep(absenceMs);
      begin(services);
      process.kill(pid, "SIGCONT");
      await Promise.all(services.map((service) => service.nextAnswer()));
      return told(`for ${absenceMs} ms, `, services);
    },
  };
}

async function silence({ services, nodes }: Scene, lock: Lock, silencing: Silencing): Promise<Told> {
  const [own, ...others] = services;
  const view = viewOf(nodes);
  let isRight = false;
  for (let attempt = 1; attempt <= heldAttempts && !isRight; attempt++) {
    silencing.end();
    await own?.nextAnswer();
    begin(others);
    silencing.begin();
    isRight = lock === "at any moment" || (await isHeld(view));
  }
  try {
    await Promise.all([untilHeadMoves(view), sleep(absenceMs)]);
  } finally {
    silencing.end();
  }
  const outcome = told(isRight ? `${lock}, ` : "without the lock, ", others);
  await own?.nextAnswer();
  return outcome;
}

async function isHeld(view: DatabaseView): Promise<boolean> {
  // What was on its way when the other fell silent.
  await sleep(50);
  const before = await view.head();
  await sleep(heldMs);
  return (await view.head()) === before;
}

async function untilHeadMoves(view: DatabaseView): Promise<void> {
  const before = await view.head();
  for (const giveUpAtMs = performance.now() + giveUpAfterMs; (await view.head()) === before; await sleep(50)) {
    if (performance.now() > giveUpAtMs) {
      throw new Error(`nothing was recorded for ${giveUpAfterMs} ms`);
    }
  }
}

function pidOf({ pid }: LocalServer): number {
  if (pid === undefined) {
    throw new Error("the database is down");
  }
  return pid;
}

function begin(services: readonly Service[]): void {
  for (const service of services) {
    service.begin();
  }
}

function told(how: string, services: readonly Service[]): Told {
  const gapMs = Math.max(...services.map((service) => service.gapMs()));
  const text = `${how}no service for ${gapMs} ms at most`;
  const findings =
    gapMs > promisedGapMs + allowanceMs ? [`there was no service for more than ${promisedGapMs} ms`] : [];
  return { text, findings };
}

function viewOf(nodes: Scene["nodes"]): DatabaseView {
  const [first] = nodes;
  if (first === undefined) {
    throw new Error("a scene without a database");
  }
  return first.view;
}
