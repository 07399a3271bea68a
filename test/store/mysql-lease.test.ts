import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createSequencer } from "../../src/ledger/sequencer.ts";
import { type Store, StoreFailure } from "../../src/ledger/store.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { note } from "../ledger/ledger-under-test.ts";
import { type FaultProxy, openFaultProxy } from "../support/fault-proxy.ts";
import { dueSecrets, emptyHead, handClock, listSecrets, load, secretNamed, write } from "../support/ledger.ts";
import { openMariaDb } from "../support/mariadb.ts";
import { queryText, withConnection } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";

// What is waited for here takes ten seconds by itself, so that the tests wait side by side.
jest.setTimeout(90_000);

const unavailable = { name: "StoreFailure", kind: "unavailable" };

interface Relayed {
  readonly url: string;
  readonly proxy: FaultProxy;
  /** By way of the proxy. */
  readonly store: Store;
}

/** By itself it would be patient with everybody. */
const patience = ["wait", "net-read", "net-write"].map((what) => `--${what}-timeout=3600`);
const opening = openMariaDb({ args: patience });
const closing: (() => Promise<void>)[] = [];

async function relayed(): Promise<Relayed> {
  const server = await opening;
  const url = await server.createDatabase();
  const proxy = await openFaultProxy(url);
  const store = await openMysqlStore(mysqlOptionsOf(proxy.url(url)), tables);
  closing.push(
    () => store.close(),
    () => proxy.close(),
  );
  return { url, proxy, store };
}

afterAll(async () => {
  for (const close of closing) {
    await close();
  }
  await (await opening).dispose();
});

const sessionsOf = (url: string) =>
  queryText(url, "SELECT id, time FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()");

/** Resolves when some session holds the lock on the head. */
async function untilHeadIsLocked(url: string): Promise<void> {
  for (;;) {
    try {
      await queryText(url, "SELECT seq FROM audit_head FOR UPDATE NOWAIT");
      await sleep(20);
    } catch {
      return;
    }
  }
}

/** What another server sees: how often a rival came first until it had its turn. */
async function conflictsUntilWritten(url: string): Promise<number> {
  const store = await openMysqlStore(mysqlOptionsOf(url), tables);
  closing.unshift(() => store.close());
  for (let conflicts = 0; ; conflicts++) {
    try {
      await write(store, () => ({}));
      return conflicts;
    } catch (error) {
      expect(error).toMatchObject({ name: "StoreFailure", kind: "conflict" });
    }
  }
}

describe("a session that goes silent while it holds the head", () => {
  test.concurrent.each([
    ["between the lock and the COMMIT", "forget"],
    ["in the middle of a packet", "forget_half"],
  ] as const)("%s is ended by the database, and another server goes on", async (_when, fate) => {
    const { url, proxy, store } = await relayed();
    proxy.plan(fate);
    const lost = expect(write(store, () => ({}))).rejects.toMatchObject({ kind: "in_doubt" });
    await untilHeadIsLocked(url);
    expect(await conflictsUntilWritten(url)).toBeGreaterThan(0);
    await lost;
    expect((await load(store)).head.seq).toBe(1);
  });

  test.concurrent("and takes no answers is ended by the database, and another server goes on", async () => {
    const { url, proxy, store } = await relayed();
    // More than the buffers between the two take.
    const names = Array.from({ length: 300 }, (_, index) => `${index}`);
    for (let first = 0; first < names.length; first += 60) {
      const some = names.slice(first, first + 60);
      await write(store, () => ({
        inserts: some.map((name) => secretNamed(name, { sealedValue: Buffer.alloc(65_565) })),
      }));
    }
    proxy.holdAnswers();
    const lost = expect(load(store, { secrets: names })).rejects.toMatchObject(unavailable);
    await untilHeadIsLocked(url);
    proxy.forget();
    expect(await conflictsUntilWritten(url)).toBeGreaterThan(0);
    await lost;
  });

  test.concurrent("is waited for by the batch that lost it, which is recorded once", async () => {
    const { proxy, store } = await relayed();
    const sequencer = createSequencer({ store, clock: handClock() });
    for (const [index, fate] of (["forget", "forget_answer"] as const).entries()) {
      proxy.plan(fate);
      const { receipts } = await sequencer.submit(note(index));
      expect(receipts.map(({ seq }) => seq)).toEqual([index + 1]);
    }
    expect((await load(store)).head.seq).toBe(2);
  });
});

describe("an idle store", () => {
  test.concurrent("keeps its connections by asking for a sign of life", async () => {
    const { url, store } = await relayed();
    await Promise.all([write(store, () => ({})), store.ping()]);
    const before = new Map((await sessionsOf(url)).map(([id, seconds]) => [id, Number(seconds)]));
    expect(before.size).toBe(2);
    // A sign of life is seen by the seconds of silence, which begin again.
    const asked = new Set<string | undefined>();
    while (asked.size < 2) {
      const now = await sessionsOf(url);
      expect(now.map(([id]) => id)).toEqual([...before.keys()]);
      for (const [id, seconds] of now) {
        if (Number(seconds) < (before.get(id) ?? 0)) {
          asked.add(id);
        }
        before.set(id, Number(seconds));
      }
      await sleep(200);
    }
  });

  test.concurrent("finds out by itself that its connections were forgotten, before a caller does", async () => {
    const { proxy, store } = await relayed();
    await Promise.all([write(store, () => ({})), store.ping()]);
    const before = proxy.connections();
    proxy.forget();
    while (proxy.connections() < before + 2) {
      await sleep(100);
    }
    expect((await write(store, () => ({}))).from.seq).toBe(1);
    expect(await listSecrets(store, null, 1, emptyHead)).toEqual([]);
  });

  test.concurrent("whose connections the database ended fails nobody", async () => {
    const { url, store } = await relayed();
    const sequencer = createSequencer({ store, clock: handClock() });
    for (let seq = 1; seq <= 3; seq++) {
      const { receipts } = await sequencer.submit(note(seq));
      expect(receipts).toMatchObject([{ seq }]);
      expect(await store.ping()).toEqual({ durable: true });
      expect(await listSecrets(store, null, 1, receipts[0] ?? fail())).toEqual([]);
      for (const [id] of await sessionsOf(url)) {
        await queryText(url, `KILL ${id}`);
      }
    }
  });

  test.concurrent("has the system probe its connections after ten seconds", async () => {
    const { proxy, url, store } = await relayed();
    await Promise.all([write(store, () => ({})), store.ping()]);
    const port = Number(new URL(proxy.url(url)).port)
      .toString(16)
      .toUpperCase()
      .padStart(4, "0");
    // Linux: the remote address, the state (01: established), queues, which timer runs (02: keep-alive) until when.
    const pattern = new RegExp(`:${port} 01 \\w+:\\w+ (\\w\\w):(\\w+)`, "g");
    const timers = [...readFileSync("/proc/net/tcp", "utf8").matchAll(pattern)];
    expect(timers.length).toBe(2);
    for (const [, timer, hundredths] of timers) {
      expect(timer).toBe("02");
      expect(Number.parseInt(hundredths ?? "", 16)).toBeLessThanOrEqual(1_000);
    }
  });
});

describe("a database that swallows packets", () => {
  test.concurrent("fails all who wait behind the one that had no answer, and is tried again by the next", async () => {
    const { proxy, store } = await relayed();
    await listSecrets(store, null, 1, emptyHead);
    proxy.swallow();
    const before = proxy.connections();
    const lists = Array.from({ length: 20 }, () => listSecrets(store, null, 1, emptyHead));
    for (const outcome of await Promise.allSettled(lists)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: unavailable });
    }
    expect(proxy.connections() - before).toBe(1);
    proxy.pass();
    expect(await listSecrets(store, null, 1, emptyHead)).toEqual([]);
  });

  test.concurrent("fails a batch and all that wait behind it, and is tried again by the next call", async () => {
    const { proxy, store } = await relayed();
    const sequencer = createSequencer({ store, clock: handClock(), maxBatchRows: 1 });
    await sequencer.submit(note(0));
    proxy.swallow();
    const before = proxy.connections();
    const calls = Array.from({ length: 20 }, (_, index) => sequencer.submit(note(index + 1)));
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE" } });
    }
    expect(proxy.connections() - before).toBe(1);
    proxy.pass();
    expect((await sequencer.submit(note(21))).receipts).toMatchObject([{ seq: 2 }]);
  });

  test.concurrent("is no worse than a head that another holds: all who wait fail together", async () => {
    const { url, store } = await relayed();
    const sequencer = createSequencer({ store, clock: handClock(), maxBatchRows: 1 });
    await withConnection(url, async (holder) => {
      await holder.query("BEGIN");
      await holder.query("SELECT seq FROM audit_head FOR UPDATE");
      const calls = Array.from({ length: 20 }, (_, index) => sequencer.submit(note(index)));
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE" } });
      }
    });
    expect((await sequencer.submit(note(20))).receipts).toMatchObject([{ seq: 1 }]);
  });

  test.concurrent("and then no more: what is read is read again on a fresh connection", async () => {
    const { proxy, store } = await relayed();
    await write(store, () => ({ inserts: [secretNamed("a")] }));
    await store.ping();
    proxy.forget();
    const reads = [
      () => listSecrets(store, null, 1, emptyHead),
      () => store.ping(),
      () => dueSecrets(store, 0, null, 1),
    ];
    await Promise.all(reads.map((read) => read()));
  });

  test.concurrent("does not keep a store from closing", async () => {
    const { proxy, store } = await relayed();
    await Promise.all([write(store, () => ({})), store.ping()]);
    proxy.swallow();
    await store.close();
    await expect(load(store)).rejects.toBeInstanceOf(StoreFailure);
  });
});
