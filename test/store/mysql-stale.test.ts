import { setTimeout as sleep } from "node:timers/promises";
import type { Head } from "../../src/ledger/row.ts";
import type { Store } from "../../src/ledger/store.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import {
  auditRows,
  dueSecrets,
  emptyHead,
  listSecrets,
  rowAfter,
  secretNamed,
  startZeqond,
  write,
} from "../support/ledger.ts";
import { queryText, withConnection } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";
import { openTwoServers, type TwoServers } from "../support/two-servers.ts";

const unavailable = { name: "StoreFailure", kind: "unavailable" };

describe("what is read beside the chain, when connections may look at another server", () => {
  let servers: TwoServers;
  let url: string;
  let staleUrl: string;
  let proxy: FaultProxy;
  let store: Store;
  let head: Head;

  beforeAll(async () => {
    servers = await openTwoServers();
  }, 60_000);
  afterAll(() => servers?.dispose());

  /** The second server has all but the last write; the connection for writes is open to the first. */
  beforeEach(async () => {
    url = await servers.createDatabase();
    proxy = await servers.openProxy();
    store = await openMysqlStore(mysqlOptionsOf(proxy.url(url)), tables);
    await set("old");
    staleUrl = servers.copy(url);
    head = await set("new");
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
  });

  /** Resolves with the head that the write left. */
  async function set(name: string): Promise<Head> {
    const { to } = await write(store, (from) => ({
      rows: [rowAfter(from, { originId: `zsc:${name}`, transitionType: "secret_set" })],
      inserts: [secretNamed(name, { expiresZeqond: startZeqond })],
    }));
    return to;
  }

  const reads: readonly [string, (atLeast: Head) => Promise<readonly string[]>][] = [
    ["a list", async (atLeast) => (await listSecrets(store, null, 10, atLeast)).map(({ name }) => name)],
    ["an empty list", async (atLeast) => (await listSecrets(store, "zzz", 10, atLeast)).map(({ name }) => name)],
    ["rows", async (atLeast) => (await auditRows(store, "zsc:new", 10, atLeast)).map(({ originId }) => originId)],
  ];
  const whole: Readonly<Record<string, readonly string[]>> = { "a list": ["new", "old"], rows: ["zsc:new"] };

  const sessionsAt = (at: string) =>
    queryText(
      at,
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() ORDER BY id",
    );

  describe.each(reads)("%s", (what, read) => {
    test("fails rather than to show a vault without the row just committed", async () => {
      proxy.redirect(staleUrl);
      await expect(read(head)).rejects.toMatchObject(unavailable);
    });

    test("fails at a server that has another row in its place", async () => {
      await withConnection(staleUrl, async (other) => {
        await other.query("CREATE TEMPORARY TABLE fork AS SELECT * FROM audit_log ORDER BY seq DESC LIMIT 1");
        await other.query("UPDATE fork SET seq = seq + 1, row_hash = REPEAT('f', 64)");
        await other.query("INSERT INTO audit_log SELECT * FROM fork");
      });
      proxy.redirect(staleUrl);
      await expect(read(head)).rejects.toMatchObject(unavailable);
    });

    test("may be of any server that has it", async () => {
      servers.copy(url);
      proxy.redirect(staleUrl);
      expect(await read(head)).toEqual(whole[what] ?? []);
    });

    test("moves to a fresh connection when its own looks at the wrong server", async () => {
      proxy.redirect(staleUrl);
      await read(emptyHead);
      proxy.redirect(url);
      expect(await read(head)).toEqual(whole[what] ?? []);
      expect(await sessionsAt(staleUrl)).toEqual([]);
    });

    test("waits for a server that catches up", async () => {
      servers.copy(url);
      await queryText(staleUrl, `CREATE TABLE late_log AS SELECT * FROM audit_log WHERE seq = ${head.seq}`);
      await queryText(staleUrl, "CREATE TABLE late_secret AS SELECT * FROM secret WHERE name = 'new'");
      await queryText(staleUrl, `DELETE FROM audit_log WHERE seq = ${head.seq}`);
      await queryText(staleUrl, "DELETE FROM secret WHERE name = 'new'");
      proxy.redirect(staleUrl);
      const late = await withConnection(staleUrl, async (follower) => {
        await follower.query("BEGIN");
        await follower.query("INSERT INTO audit_log SELECT * FROM late_log");
        await follower.query("INSERT INTO secret SELECT * FROM late_secret");
        const reading = read(head);
        while ((await sessionsAt(staleUrl)).length < 2) {
          await sleep(5);
        }
        await follower.query("COMMIT");
        return { reading };
      });
      expect(await late.reading).toEqual(whole[what] ?? []);
    });
  });

  test("the connections for reads and for health move together with the one for writes after a failover", async () => {
    expect(await dueSecrets(store, startZeqond, null, 10)).toEqual(["new", "old"]);
    expect(await store.rehearse(false)).toMatchObject({ newest: { seq: head.seq } });
    servers.copy(url);
    proxy.redirect(staleUrl);
    // The one for batches was opened first of those that are open.
    const [[writer = ""] = []] = await sessionsAt(url);
    await queryText(url, `KILL ${writer}`);
    const newest = await set("newest").catch(() => set("newest"));
    // Nothing here proves what it shows.
    expect(await dueSecrets(store, startZeqond, null, 10)).toEqual(["new", "newest", "old"]);
    expect(await store.rehearse(false)).toMatchObject({ newest: { seq: newest.seq } });
    expect(await sessionsAt(url)).toEqual([]);
  });
});
