import { join } from "node:path";
import { openFaultProxy } from "../support/fault-proxy.ts";
import { openMariaDb } from "../support/mariadb.ts";
import { createPrivateFolder } from "../support/server-process.ts";
import { mysqlView, sqliteView } from "./database-view.ts";
import { killBoth, killConnections, killDatabase, killServer, rivals } from "./disturbances.ts";
import { conclude, type Outcome, play, times } from "./play.ts";
import { createScene, type Scene } from "./scene.ts";
import { cutOff, forgetFlows, freezeDatabase, freezeServer } from "./silence.ts";
import { freshKeys } from "./tokens.ts";

const rounds = Number(process.env["ZSC_TEST_ROUNDS"] ?? 30);

async function main(): Promise<void> {
  const folder = createPrivateFolder("zsc-crash-");
  try {
    const { path } = folder;
    const outcomes = [await onSqlite(path), await onMariaDb(path), await twoServersOnMariaDb(path)];
    conclude("crash", [...outcomes, await inSilence(path)]);
  } finally {
    folder.remove();
  }
}

async function onSqlite(folder: string): Promise<Outcome> {
  const path = join(folder, "data/zsc.db");
  const url = `sqlite:${path}`;
  const nodes = [{ url, view: sqliteView(path) }];
  const scene = await createScene({ title: "sqlite", serverUrls: [url], nodes, keys: freshKeys(), folder });
  return await play(scene, "s", times(rounds, killServer));
}

async function onMariaDb(folder: string): Promise<Outcome> {
  const database = await openMariaDb();
  try {
    const url = await database.createDatabase();
    const kills = [killServer, killDatabase(database), killBoth(database)];
    const mixed = Array.from({ length: rounds }, (_, index) => kills[index % kills.length] ?? killServer);
    const harassed = [...times(2, killConnections(url)), ...times(2, rivals(url))];
    return await play(await sceneOn("mariadb", [url], url, folder), "m", [...mixed, ...harassed]);
  } finally {
    await database.dispose();
  }
}

/** With a binary log, as a database that others follow has: its commits take another path. */
async function twoServersOnMariaDb(folder: string): Promise<Outcome> {
  const database = await openMariaDb({ args: ["--log-bin=binlog", "--sync-binlog=1"] });
  try {
    const url = await database.createDatabase();
    const shaken = [
      killServer,
      killDatabase(database),
      killConnections(url),
      killServer,
      killBoth(database),
      rivals(url),
    ];
    return await play(await sceneOn("two servers", [url, url], url, folder), "t", shaken);
  } finally {
    await database.dispose();
  }
}

/** Two servers, the first by way of a relay, and what dies without a word: the other side hears nothing of it. */
async function inSilence(folder: string): Promise<Outcome> {
  const database = await openMariaDb();
  const url = await database.createDatabase();
  const relay = await openFaultProxy(url);
  try {
    const scene = await sceneOn("silence", [relay.url(url), url], url, folder);
    const silences = [
      freezeServer("with the lock"),
      cutOff(relay, "with the lock"),
      forgetFlows(relay),
      freezeDatabase(database),
    ];
    return await play(scene, "q", silences);
  } finally {
    await relay.close();
    await database.dispose();
  }
}

function sceneOn(title: string, serverUrls: readonly string[], url: string, folder: string): Promise<Scene> {
  return createScene({ title, serverUrls, nodes: [{ url, view: mysqlView(url) }], keys: freshKeys(), folder });
}

await main();
