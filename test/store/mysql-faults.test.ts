import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Store, StoreFailure } from "../../src/ledger/store.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { openFaultProxy } from "../support/fault-proxy.ts";
import { auditRows, emptyHead, listSecrets, load, rowsAfter, secretNamed, write } from "../support/ledger.ts";
import { type MariaDb, openMariaDb } from "../support/mariadb.ts";
import { queryText, withConnection } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";

const unavailable = { name: "StoreFailure", kind: "unavailable" };
const conflict = { name: "StoreFailure", kind: "conflict" };

describe("the store in MySQL, when things go wrong", () => {
  let server: MariaDb;
  let url: string;
  let store: Store;

  beforeAll(async () => {
    server = await openMariaDb({ args: ["--log-bin=binlog", "--sync-binlog=1"] });
  });
  afterAll(() => server?.dispose());

  beforeEach(async () => {
    url = await server.createDatabase();
    store = await openMysqlStore(mysqlOptionsOf(url), tables);
  });
  afterEach(() => store.close());

  const connectionsOf = async () => {
    const database = new URL(url).pathname.slice(1);
    const found = await queryText(
      server.url(),
      `SELECT id FROM information_schema.processlist WHERE db = '${database}'`,
    );
    return found.flat();
  };

  const killConnections = async () => {
    for (const id of await connectionsOf()) {
      await queryText(server.url(), `KILL ${id}`);
    }
  };

  /** What a caller that tries again sees: how often it failed before it worked. */
  async function failuresUntil(work: () => Promise<unknown>): Promise<readonly StoreFailure[]> {
    const failures: StoreFailure[] = [];
    for (;;) {
      try {
        await work();
        return failures;
      } catch (error) {
        if (!(error instanceof StoreFailure)) {
          throw error;
        }
        failures.push(error);
      }
    }
  }

  /** Holds the lock on the chain head from outside while `work` goes on. */
  async function whileHeadIsLocked<T>(work: () => Promise<T>): Promise<T> {
    return await withConnection(url, async (rival) => {
      await rival.query("BEGIN");
      await rival.query("SELECT * FROM audit_head FOR UPDATE");
      return await work();
    });
  }

  /** The id of the connection that waits for a lock. */
  async function waitingFor(what: "LOCK WAIT" | "User lock"): Promise<string> {
    const queries = {
      "LOCK WAIT": "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
      "User lock": "SELECT id FROM information_schema.processlist WHERE state = 'User lock'",
    };
    for (;;) {
      const [found] = await queryText(server.url(), queries[what]);
      if (found?.[0] !== undefined) {
        return found[0];
      }
      // The server shows locks as they were up to 100 ms ago, counted from the last look.
      await sleep(150);
    }
  }

  test("waits for the head while another holds it, and then sees what that one wrote", async () => {
    const from = { seq: 7, rowHash: "7".repeat(64) };
    await withConnection(url, async (holder) => {
      await holder.query("BEGIN");
      await holder.query("SELECT * FROM audit_head FOR UPDATE");
      const late = write(store, () => ({}));
      await waitingFor("LOCK WAIT");
      await holder.query("UPDATE audit_head SET seq = ?, row_hash = ?", [from.seq, from.rowHash]);
      await holder.query("COMMIT");
      expect(await late).toMatchObject({ from });
    });
  });

  test("gives up waiting for the head with a conflict, and stays usable", async () => {
    await whileHeadIsLocked(() => expect(load(store)).rejects.toMatchObject(conflict));
    expect((await write(store, () => ({}))).from).toEqual(emptyHead);
  });

  test("gives way to what breaks off a statement, as a cluster does for the change of a table, and stays usable", async () => {
    await whileHeadIsLocked(async () => {
      const doomed = expect(load(store)).rejects.toMatchObject(conflict);
      await queryText(server.url(), `KILL QUERY ${await waitingFor("LOCK WAIT")}`);
      await doomed;
    });
    expect((await write(store, () => ({}))).from).toEqual(emptyHead);
  });

  test("starts in spite of what breaks off a statement of the start", async () => {
    const opening = await withConnection(url, async (rival) => {
      await rival.query("BEGIN");
      // What a start writes to see whether it comes back waits for this.
      await rival.query("SELECT * FROM key_check FOR UPDATE");
      const late = openMysqlStore(mysqlOptionsOf(url), tables);
      await queryText(server.url(), `KILL QUERY ${await waitingFor("LOCK WAIT")}`);
      await waitingFor("LOCK WAIT");
      return { late };
    });
    const late = await opening.late;
    expect((await load(late)).head).toEqual(emptyHead);
    await late.close();
  });

  test("recovers by itself when idle connections are killed", async () => {
    await store.ping();
    await write(store, () => ({}));
    await killConnections();
    for (const work of [() => load(store), () => store.ping(), () => listSecrets(store, null, 1, emptyHead)]) {
      const failures = await failuresUntil(work);
      expect(failures.length).toBeLessThanOrEqual(1);
      for (const failure of failures) {
        expect(failure).toMatchObject(unavailable);
      }
    }
    expect((await write(store, () => ({}))).from.seq).toBe(1);
  });

  test("fails as unavailable when its connection is killed in the middle, and recovers", async () => {
    await write(store, () => ({}));
    const timers = activeTimers();
    await whileHeadIsLocked(async () => {
      const doomed = expect(load(store)).rejects.toMatchObject(unavailable);
      await queryText(server.url(), `KILL ${await waitingFor("LOCK WAIT")}`);
      await doomed;
    });
    expect(activeTimers()).toBe(timers);
    expect((await write(store, () => ({}))).from.seq).toBe(1);
  });

  function activeTimers(): number {
    return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  }

  test("is in doubt when a COMMIT is not answered, whether or not it was carried out", async () => {
    const proxy = await openFaultProxy(url);
    const through = await openMysqlStore(mysqlOptionsOf(proxy.url(url)), tables);
    proxy.plan("lose", "lose_answer");
    await expect(write(through, () => ({ inserts: [secretNamed("lost")] }))).rejects.toMatchObject({
      kind: "in_doubt",
    });
    expect((await load(through, { secrets: ["lost"] })).secrets.size).toBe(0);
    await expect(write(through, () => ({ inserts: [secretNamed("kept")] }))).rejects.toMatchObject({
      kind: "in_doubt",
    });
    const { head, secrets } = await load(through, { secrets: ["kept", "lost"] });
    expect([head.seq, [...secrets.keys()]]).toEqual([1, ["kept"]]);
    await through.close();
    await proxy.close();
  });

  test("commits in a packet of its own, one for each batch", async () => {
    const proxy = await openFaultProxy(url);
    const through = await openMysqlStore(mysqlOptionsOf(proxy.url(url)), tables);
    const before = proxy.commits();
    for (let batch = 0; batch < 3; batch++) {
      await write(through, () => ({ inserts: [secretNamed(`${batch}`)] }));
    }
    await load(through);
    expect(proxy.commits() - before).toBe(3);
    await through.close();
    await proxy.close();
  });

  test.each(["1048576", "1100000", "4194304"])("writes batches larger than max_allowed_packet = %s", async (bytes) => {
    await queryText(server.url(), `SET GLOBAL max_allowed_packet = ${bytes}`);
    const small = await openMysqlStore(mysqlOptionsOf(url), tables);
    const permissions = Array.from({ length: 1_000 }, (_, index) => `${index}`.padEnd(128, `"\\`));
    const secrets = Array.from({ length: 90 }, (_, index) =>
      secretNamed(`${index}`, {
        sealedValue: Buffer.alloc(65_565, index),
        permissions: index === 7 ? permissions : [],
      }),
    );
    const payloadJson = JSON.stringify({ permissions });
    const { rows } = await write(small, (head) => ({
      rows: rowsAfter(head, Array(60).fill({ payloadJson })),
      inserts: secrets,
    }));
    const changed = secrets
      .slice(0, 9)
      .map((secret) => ({ secret: { ...secret, version: 2, permissions }, fromVersion: 1 }));
    await write(small, () => ({ updates: changed }));
    const loaded = await load(small, { secrets: secrets.map(({ name }) => name) });
    for (const { name, sealedValue } of secrets) {
      expect(Buffer.compare(loaded.secrets.get(name)?.sealedValue ?? Buffer.alloc(0), sealedValue)).toBe(0);
    }
    expect(loaded.secrets.get("3")?.permissions).toEqual(permissions);
    expect((await auditRows(small, "zsc:a", 100, emptyHead)).slice(1)).toEqual([...rows].reverse());
    await small.close();
    await queryText(server.url(), "SET GLOBAL max_allowed_packet = DEFAULT");
  });

  test("takes back all packets of a batch when the last one conflicts", async () => {
    const secrets = Array.from({ length: 60 }, (_, index) =>
      secretNamed(`${index}`, { sealedValue: Buffer.alloc(65_565) }),
    );
    const updates = [{ secret: secretNamed("never there"), fromVersion: 1 }];
    await expect(write(store, () => ({ inserts: secrets, updates }))).rejects.toMatchObject(conflict);
    expect((await load(store)).head).toEqual(emptyHead);
    expect(await listSecrets(store, null, 1, emptyHead)).toEqual([]);
  });

  test.each([
    ["innodb_flush_log_at_trx_commit", "2"],
    ["innodb_flush_log_at_trx_commit", "0"],
    ["sync_binlog", "0"],
  ])("says that commits are not durable while %s is %s", async (setting, value) => {
    expect(await store.ping()).toEqual({ durable: true });
    await queryText(server.url(), `SET GLOBAL ${setting} = ${value}`);
    expect(await store.ping()).toEqual({ durable: false, detail: `${setting} is ${value} and should be 1` });
    await queryText(server.url(), `SET GLOBAL ${setting} = 1`);
    expect(await store.ping()).toEqual({ durable: true });
  });

  test("waits for a server that is migrating the database", async () => {
    const fresh = await server.createDatabase();
    const opening = await withConnection(fresh, async (rival) => {
      await rival.query("SELECT GET_LOCK(?, 1)", [`zsc:migrate:${new URL(fresh).pathname.slice(1)}`]);
      const late = openMysqlStore(mysqlOptionsOf(fresh), tables);
      await waitingFor("User lock");
      expect(await queryText(fresh, "SHOW TABLES")).toEqual([]);
      return { late };
    });
    const late = await opening.late;
    expect((await load(late)).head).toEqual(emptyHead);
    await late.close();
  });

  test("fails as unavailable while the server is down, and recovers by itself", async () => {
    const { to } = await write(store, () => ({}));
    await server.kill();
    for (const work of [() => load(store), () => load(store), () => store.ping(), () => store.openSnapshot()]) {
      await expect(work()).rejects.toMatchObject(unavailable);
    }
    await expect(openMysqlStore(mysqlOptionsOf(url), tables)).rejects.toMatchObject(unavailable);
    await server.start();
    expect((await load(store)).head).toEqual(to);
    expect(await store.ping()).toEqual({ durable: true });
  });

  test.each([
    ["database", { database: "nowhere" }],
    ["user", { user: "nobody" }],
  ])("fails as unavailable when there is no such %s", async (_what, wrong) => {
    await expect(openMysqlStore({ ...mysqlOptionsOf(url), ...wrong }, tables)).rejects.toMatchObject(unavailable);
  });

  test("fails as unavailable when a server accepts connections and then says nothing", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    await expect(openMysqlStore({ ...mysqlOptionsOf(url), port }, tables)).rejects.toMatchObject(unavailable);
    for (const socket of sockets) {
      socket.destroy();
    }
    silent.close();
  });
});
