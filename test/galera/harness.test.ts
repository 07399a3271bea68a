import { setTimeout as sleep } from "node:timers/promises";
import { type Galera, openGalera } from "../support/galera.ts";
import { queryText, withConnection } from "../support/mysql-admin.ts";
import type { LocalServer } from "../support/mysql-server.ts";

const clusterTimeoutMs = 240_000;

describe("a Galera cluster of three nodes", () => {
  let cluster: Galera;

  beforeAll(async () => {
    cluster = await openGalera();
  }, clusterTimeoutMs);
  afterAll(async () => {
    await cluster?.dispose();
  }, clusterTimeoutMs);

  it("has every database on every node", async () => {
    const database = await cluster.createDatabase();
    for (const { url } of cluster.nodes) {
      expect(await queryText(url(database), "SELECT DATABASE()")).toEqual([[database]]);
    }
  });

  // Node 0 founded the cluster: it must come back as a member, and not found another one.
  it.each([1, 0])(
    "gives node %i the rows that were written between its kill and its start",
    async (index) => {
      const [victim, survivor] = [nodeAt(cluster, index), nodeAt(cluster, 2)];
      const database = await cluster.createDatabase();
      await queryText(survivor.url(database), "CREATE TABLE t (n INT PRIMARY KEY)");
      await queryText(survivor.url(database), "INSERT INTO t VALUES (1)");
      expect(await rowsInSync(victim.url(database))).toEqual([["1"]]);

      await victim.kill();
      await untilWritten(survivor.url(database), "INSERT IGNORE INTO t VALUES (2), (3)");
      await victim.start();
      expect(await rowsInSync(victim.url(database))).toEqual([["1"], ["2"], ["3"]]);

      await queryText(victim.url(database), "INSERT INTO t VALUES (4)");
      expect(await rowsInSync(survivor.url(database))).toEqual([["1"], ["2"], ["3"], ["4"]]);
      expect(await queryText(survivor.url(), "SHOW STATUS LIKE 'wsrep_cluster_size'")).toEqual([
        ["wsrep_cluster_size", "3"],
      ]);
    },
    clusterTimeoutMs,
  );
});

function nodeAt(cluster: Galera, index: number): LocalServer {
  const node = cluster.nodes[index];
  if (node === undefined) {
    throw new Error(`the cluster has no node ${index}`);
  }
  return node;
}

/** All rows of `t`, once the node has applied what the cluster had committed before. */
async function rowsInSync(url: string): Promise<unknown> {
  return await withConnection(url, async (connection) => {
    await connection.query("SET SESSION wsrep_sync_wait = 7");
    const [rows] = await connection.query({ sql: "SELECT CAST(n AS CHAR) FROM t ORDER BY n", rowsAsArray: true });
    return rows;
  });
}

/** A cluster that has just lost a node may refuse for a moment. */
async function untilWritten(url: string, sql: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await queryText(url, sql);
      return;
    } catch (error) {
      if (attempt === 100) {
        throw error;
      }
      await sleep(100);
    }
  }
}
