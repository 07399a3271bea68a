import { join } from "node:path";
import { openMariaDb } from "../support/mariadb.ts";
import { createPrivateFolder } from "../support/server-process.ts";
import { mysqlView, sqliteView } from "./database-view.ts";
import { killBoth, killConnections, killDatabase, killServer, rivals } from "./disturbances.ts";
import { conclude, type Outcome, play, times } from "./play.ts";
import { createScene, type Scene } from "./scene.ts";
import { freshKeys } from "./tokens.ts";

const rounds = Number(process.env["ZSC_TEST_ROUNDS"] ?? 30);

async function main(): Promise<void> {
  const folder = createPrivateFolder("zsc-crash-");
  try {
    const { path } = folder;
    conclude("crash", [await onSqlite(path), await onMariaDb(path), await twoServersOnMariaDb(path)]);
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
    return await play(await sceneOn("mariadb", url, 1, folder), "m", [...mixed, ...harassed]);
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
    return await play(await sceneOn("two servers", url, 2, folder), "t", shaken);
  } finally {
    await database.dispose();
  }
}

function sceneOn(title: string, url: string, servers: number, folder: string): Promise<Scene> {
  const serverUrls = Array.from({ length: servers }, () => url);
  return createScene({ title, serverUrls, nodes: [{ url, view: mysqlView(url) }], keys: freshKeys(), folder });
}

await main();
