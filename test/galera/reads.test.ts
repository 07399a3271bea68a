import { type Connection, openConnection } from "../../src/store/mysql/connection.ts";
import { openMysqlSnapshot } from "../../src/store/mysql/snapshot.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { type Galera, openGalera } from "../support/galera.ts";
import { secretNamed, write } from "../support/ledger.ts";
import { mysqlOptionsOf } from "../support/places.ts";

const clusterTimeoutMs = 240_000;

describe("what one node of a Galera cluster has committed", () => {
  let cluster: Galera;
  let urls: readonly string[];

  beforeAll(async () => {
    cluster = await openGalera();
    const database = await cluster.createDatabase();
    urls = cluster.nodes.map(({ url }) => url(database));
  }, clusterTimeoutMs);
  afterAll(() => cluster?.dispose(), clusterTimeoutMs);

  test(
    "is in what is read on the others, and in their snapshots, at once",
    async () => {
      const [own, ...others] = urls.map(mysqlOptionsOf);
      if (own === undefined) {
        throw new Error("no nodes");
      }
      const writer = await openMysqlStore(own, tables);
      const readers: Connection[] = [];
      for (const options of others) {
        readers.push(await openConnection(options, "reader"));
      }
      for (let count = 0; count < 150; count++) {
        // Large enough that it takes the others a moment.
        const secret = secretNamed(`${count}`, { sealedValue: Buffer.alloc(500_000, count) });
        const { to } = await write(writer, () => ({ inserts: [secret] }));
        for (const reader of readers) {
          const newest = await reader.rows("SELECT row_hash FROM audit_log ORDER BY seq DESC LIMIT 1");
          expect(newest).toEqual([[to.rowHash]]);
        }
        for (const options of count % 10 === 0 ? others : []) {
          const snapshot = await openMysqlSnapshot(options);
          expect(snapshot.head).toEqual(to);
          await snapshot.close();
        }
      }
      for (const reader of readers) {
        reader.destroy();
      }
      await writer.close();
    },
    clusterTimeoutMs,
  );
});
