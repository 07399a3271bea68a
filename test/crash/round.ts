import { setTimeout as sleep } from "node:timers/promises";
import { Accounting, type Balance } from "./accounting.ts";
import { readAll, startLoad } from "./load.ts";
import { callsOf, tell } from "./report.ts";
import type { DatabaseNode, Scene } from "./scene.ts";
import { guestPattern } from "./vault-api/calls.ts";
import { readEveryVersion, readNewest, startApiLoad } from "./vault-api/load.ts";
import { verifyAudit } from "./zsc-server.ts";

/** What is done to a scene while its clients are busy. */
export interface Disturbance {
  readonly title: string;
  /** Whether it ends servers: only then may a client be left without an answer. */
  readonly cutsClients: boolean;
  /** Resolves once everything that was ended runs again, with what is to be told of it and what went wrong. */
  run(scene: Scene): Promise<Told>;
}

export interface Told {
  readonly text: string;
  readonly findings?: readonly string[];
}

/**
 * Load, disturbance, more load, and then the whole account of what came of it. Prints one line, and what is wrong.
 * Resolves to whether nothing is.
 */
export async function runRound(scene: Scene, round: string, disturbance: Disturbance): Promise<boolean> {
  const loads = [startLoad(scene.clients, round), startApiLoad(scene.api)];
  await sleep(150 + Math.random() * 550);
  const told = await disturbance.run(scene).catch((error: unknown): Told => {
    return { text: "not carried out", findings: [error instanceof Error ? error.message : String(error)] };
  });
  await sleep(100 + Math.random() * 200);
  await Promise.all(loads.map((load) => load.stop()));
  const { counts, findings } = await settleRound(scene, round).catch((error: unknown) => {
    tell(false, `${scene.title} ${round}: ${disturbance.title}, ${told.text}`, told.findings ?? []);
    throw error;
  });
  const cut = counts.inFlight > 0 && !disturbance.cutsClients ? [`${counts.inFlight} calls had no answer`] : [];
  const wrong = [...(told.findings ?? []), ...findings, ...cut];
  return tell(
    wrong.length === 0,
    `${scene.title} ${round}: ${disturbance.title}, ${told.text}; ${callsOf(counts)}`,
    wrong,
  );
}

/** Reads every value back, and compares clients, log and vault. */
async function settleRound(scene: Scene, round: string): Promise<Balance> {
  for (const server of scene.servers) {
    await server.untilReady();
  }
  const readBack = await readAll(scene.clients, round);
  const newest = await readNewest(scene.api);
  const unread =
    readBack.filter((fate) => fate.kind !== "acknowledged" && fate.kind !== "refused").length +
    newest.filter(({ kind }) => kind !== "answered").length;
  const { counts, findings } = await balance(scene, scene.accounting);
  const verdicts = await Promise.all(scene.nodes.map(({ url }) => verifyAudit(url)));
  const broken = verdicts.flatMap((verdict) => (verdict === undefined ? [] : [`zsc audit verify: ${verdict}`]));
  const unanswered =
    unread > 0 ? [`${unread} of ${readBack.length + newest.length} reads were not answered after the round`] : [];
  return { counts, findings: [...findings, ...broken, ...unanswered] };
}

/** The account of a whole run, from the first row to the last: what one round acknowledged must outlast all others. */
export async function settleRun(scene: Scene): Promise<Balance> {
  const versions = await readEveryVersion(scene.api, scene.accounting.newestVersions());
  await Promise.all(scene.servers.map((server) => server.stop()));
  const { counts, findings } = await balance(scene, new Accounting(scene.clients.journal, scene.api.journal));
  const unread = versions.filter(({ kind }) => kind !== "answered").length;
  return { counts, findings: unread === 0 ? findings : [...findings, `${unread} versions were not answered`] };
}

async function balance({ nodes }: Scene, accounting: Accounting): Promise<Balance> {
  const [first, ...others] = nodes;
  if (first === undefined) {
    throw new Error("a scene without a database");
  }
  const secrets = await first.view.secrets();
  const [paths, policies] = [await first.view.paths(), await first.view.policies(guestPattern)];
  const rows = await first.view.rowsAfter(accounting.lastSeq);
  const { counts, findings } = accounting.take(rows, secrets, { paths, policies });
  const expected = await summaryOf(first);
  const summaries = await Promise.all(others.map(summaryOf));
  const differing = summaries.filter((summary) => summary !== expected);
  return { counts, findings: [...findings, ...differing.map(() => "the nodes of the database do not agree")] };
}

/** What of a node must be the same on all. */
async function summaryOf({ view }: DatabaseNode): Promise<string> {
  return JSON.stringify([await view.head(), await view.digest(), await view.secrets(), await view.paths()]);
}
