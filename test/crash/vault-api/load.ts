import { setTimeout as sleep } from "node:timers/promises";
import type { Load } from "../load.ts";
import { type ApiCall, limitedPaths, paths } from "./calls.ts";
import type { ApiClients } from "./clients.ts";
import type { ApiFate } from "./journal.ts";
import { chooseCall, type Hints } from "./plan.ts";
import type { ApiWire } from "./wire.ts";

/** Calls that each wire has under way, one that rotates an agent's key aside. */
const lanes = 7;
const pauseMs = 20;
const longPauseMs = 100;
const repetitions = 3;

/** Every wire sends calls without a pause, whatever becomes of them, until it is told to stop. */
export function startApiLoad(clients: ApiClients): Load {
  let stopped = false;
  const send = async (wire: ApiWire, call: ApiCall): Promise<ApiFate> => {
    const fate = await clients.send(wire, call);
    learn(clients.hints, call, fate);
    if (fate.kind !== "answered") {
      await sleep(fate.kind === "not_sent" ? longPauseMs : pauseMs);
    }
    return fate;
  };
  const runLane = async (wire: ApiWire): Promise<void> => {
    while (!stopped) {
      const call = chooseCall(clients.nextLabel(), clients.hints);
      let fate = await send(wire, call);
      // Who does not know what became of a call sends it again under the same key; others do so out of habit.
      for (let more = repetitions; call.idempotencyKey !== undefined && more > 0 && !stopped; more--) {
        if (fate.kind === "answered" && Math.random() < 0.5) {
          break;
        }
        fate = await send(wire, { ...call, label: clients.nextLabel() });
      }
    }
  };
  const running = clients.wires.flatMap((wire) => Array.from({ length: lanes }, () => runLane(wire)));
  const [first] = clients.wires;
  if (first !== undefined) {
    running.push(
      rotateKeys(
        (call) => send(first, call),
        clients,
        () => stopped,
      ),
    );
  }
  return {
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

/** Once a rotation is acknowledged, the new key is good and the one before it is not, whatever was killed meanwhile. */
async function rotateKeys(
  send: (call: ApiCall) => Promise<ApiFate>,
  { nextLabel }: ApiClients,
  isStopped: () => boolean,
): Promise<void> {
  let before: string | undefined;
  while (!isStopped()) {
    const fate = await send({ label: nextLabel(), kind: "agentRotate", who: "owner" });
    if (fate.kind !== "answered") {
      continue;
    }
    const last = String(fate.body["api_key"]);
    const keys = [{ agentKey: last, isLastKey: true }, ...(before ? [{ agentKey: before, isLastKey: false }] : [])];
    for (const key of keys) {
      const ask = () => send({ label: nextLabel(), kind: "exchange", who: "nobody", ...key });
      for (let exchanged = await ask(); exchanged.kind !== "answered" && !isStopped(); exchanged = await ask()) {}
    }
    before = last;
    await sleep(longPauseMs);
  }
}

function learn({ newest, policies }: Hints, { kind, path }: ApiCall, fate: ApiFate): void {
  if (fate.kind !== "answered" || fate.status >= 300) {
    return;
  }
  const { version, id } = fate.body;
  if (path !== undefined && typeof version === "number") {
    newest.set(path, Math.max(version, newest.get(path) ?? 0));
  }
  if (kind === "policyCreate") {
    policies.push(String(id));
  }
}

/** Reads the newest version of every path through every server; these reads are accounted for like all others. */
export async function readNewest(clients: ApiClients): Promise<readonly ApiFate[]> {
  const calls = clients.wires.flatMap((wire) =>
    [...paths, ...limitedPaths].map((path) => ({ wire, call: { kind: "get", who: "owner", path } as const })),
  );
  return await Promise.all(calls.map(({ wire, call }) => untilSent(clients, wire, call)));
}

const readersAtOnce = 16;

/** Reads every version that there is. */
export async function readEveryVersion(
  clients: ApiClients,
  newest: ReadonlyMap<string, number>,
): Promise<readonly ApiFate[]> {
  const left = [...newest].flatMap(([path, number]) =>
    Array.from({ length: number }, (_, index) => ({ path, version: index + 1 })),
  );
  const fates: ApiFate[] = [];
  const [wire] = clients.wires;
  const readOn = async () => {
    for (let next = left.pop(); wire !== undefined && next !== undefined; next = left.pop()) {
      fates.push(await untilSent(clients, wire, { kind: "getVersion", who: "owner", ...next }));
    }
  };
  await Promise.all(Array.from({ length: readersAtOnce }, readOn));
  return fates;
}

const attempts = 50;

/** A connection that was kept may have died with its server. */
async function untilSent(clients: ApiClients, wire: ApiWire, call: Omit<ApiCall, "label">): Promise<ApiFate> {
  for (let attempt = 1; ; attempt++) {
    const fate = await clients.send(wire, { ...call, label: clients.nextLabel() });
    if ((fate.kind !== "not_sent" && fate.kind !== "in_flight") || attempt === attempts) {
      return fate;
    }
    await sleep(longPauseMs);
  }
}
