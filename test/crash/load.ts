import { setTimeout as sleep } from "node:timers/promises";
import { type Call, isRead, labelOf } from "./calls.ts";
import type { Fate, Journal } from "./journal.ts";
import { createPlan, names } from "./plan.ts";
import type { Tokens } from "./tokens.ts";
import type { Wire } from "./wire.ts";

export interface Clients {
  readonly journal: Journal;
  readonly tokens: Tokens;
  readonly wires: readonly Wire[];
}

export interface Load {
  /** Lets the calls under way come to their end, and sends no more. */
  stop(): Promise<void>;
}

/** Calls that each wire has under way. */
const lanes = 8;
/** Between two calls of a lane that are not answered, or not even taken. */
const pauseMs = 20;
const longPauseMs = 100;

/** Every wire sends calls without a pause, whatever becomes of them, until it is told to stop. */
export function startLoad({ journal, tokens, wires }: Clients, round: string): Load {
  let stopped = false;
  const runLane = async (wire: Wire, client: number, lane: number): Promise<void> => {
    const plan = createPlan(wire.reads);
    for (let number = lane; !stopped; number += lanes) {
      const call = plan.next(labelOf(round, client, number));
      const fates = await sendNoted(journal, tokens, wire, call);
      const [first] = fates;
      if (first?.kind === "not_sent") {
        await sleep(longPauseMs);
      }
      if (first?.kind === "in_flight" || first?.kind === "unavailable") {
        await sleep(pauseMs);
      }
    }
  };
  const running = wires.flatMap((wire, client) =>
    Array.from({ length: lanes }, (_, lane) => runLane(wire, client, lane)),
  );
  return {
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

/** How often a read is sent again that was not sent: a client may not have noticed yet that the server is back. */
const readAttempts = 50;
const readAgainMs = 100;

/** Reads every name through every wire that can; these reads are noted and accounted for like all others. */
export async function readAll(clients: Clients, round: string): Promise<readonly Fate[]> {
  const readers = clients.wires.filter((wire) => wire.reads);
  const reads = readers.flatMap((wire, index) =>
    names.map((name, number) =>
      readBack(clients, wire, name, (attempt) => labelOf(round, 1_000 * attempt + index, number)),
    ),
  );
  return await Promise.all(reads);
}

async function readBack(
  { journal, tokens }: Clients,
  wire: Wire,
  name: string,
  label: (attempt: number) => string,
): Promise<Fate> {
  for (let attempt = 1; ; attempt++) {
    const call: Call = { label: label(attempt), kind: "read", names: [name], zid: "ZEQ-SYS" };
    const [fate] = await sendNoted(journal, tokens, wire, call);
    if (fate === undefined) {
      throw new Error("a read without a fate");
    }
    if (fate.kind !== "not_sent" || attempt === readAttempts) {
      return fate;
    }
    await sleep(readAgainMs);
  }
}

async function sendNoted(journal: Journal, tokens: Tokens, wire: Wire, call: Call): Promise<readonly Fate[]> {
  const token = await (isRead(call.kind) ? tokens.forReader(call.zid) : tokens.forAdmin(call.label));
  const entries = journal.begin(call);
  const fates = await wire.send(call, token);
  entries.forEach((entry, index) => {
    entry.fate = fates[index] ?? { kind: "wrong", why: "an answer with too few items" };
  });
  return fates;
}
