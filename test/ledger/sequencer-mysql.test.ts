import type { Recorded } from "../../src/ledger/operation.ts";
import { receiptOfRow } from "../../src/ledger/receipt.ts";
import type { AuditRow } from "../../src/ledger/row.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import { readSecret } from "../../src/secrets/read.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { cleanUpDatabases, freshMysqlUrl } from "../support/databases.ts";
import { type CommitFate, type FaultProxy, openFaultProxy } from "../support/fault-proxy.ts";
import { admin, collect, handClock, load, plain } from "../support/ledger.ts";
import { queryText } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";
import { note, sealer } from "./ledger-under-test.ts";

describe("the sequencer over MySQL", () => {
  let url: string;
  let direct: Store;
  let closing: (() => Promise<void>)[];

  beforeEach(async () => {
    url = await freshMysqlUrl();
    closing = [];
    direct = await openMysqlStore(mysqlOptionsOf(url), tables);
  });
  afterEach(async () => {
    for (const close of closing) {
      await close();
    }
    await direct.close();
  });
  afterAll(cleanUpDatabases);

  const openServer = async (at = url): Promise<Sequencer> => {
    const store = await openMysqlStore(mysqlOptionsOf(at), tables);
    const sequencer = createSequencer({ store, clock: handClock(), maxBatchRows: 7 });
    closing.push(
      () => sequencer.close(),
      () => store.close(),
    );
    return sequencer;
  };
  const rows = async () => {
    const snapshot = await direct.openSnapshot();
    const all = await collect(snapshot.rows());
    await snapshot.close();
    return all;
  };

  const expectOneChain = (all: readonly AuditRow[]) => {
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    all.slice(1).forEach((row, index) => {
      expect(row.prevHash).toBe(all[index]?.rowHash);
    });
  };
  const expectReceiptsIn = (all: readonly AuditRow[], recorded: readonly Recorded<unknown>[]) => {
    for (const { receipts } of recorded) {
      for (const receipt of receipts) {
        expect(receiptOfRow(all[receipt.seq - 1] ?? fail())).toEqual(receipt);
      }
    }
  };

  const fates: [string, readonly CommitFate[]][] = [
    ["is carried out, and its answer lost", ["lose_answer"]],
    ["never arrives", ["lose"]],
    ["is lost again and again", ["lose", "lose", "lose_answer"]],
    ["comes through at last", ["lose", "lose", "lose", "pass"]],
  ];

  test.each(fates)("writes each operation once when a COMMIT %s", async (_what, plan) => {
    const proxy: FaultProxy = await openFaultProxy(url);
    const sequencer = await openServer(proxy.url(url));
    closing.push(proxy.close);
    await sequencer.submit(setSecret({ name: "a", value: plain("value") }, admin, sealer));
    for (let round = 1; round <= 5; round++) {
      proxy.plan(...plan);
      const read = readSecret({ name: "a", zid: "ZEQ-SYS", purpose: "read" }, sealer);
      const [{ value }, ...noted] = await Promise.all([sequencer.submit(read), sequencer.submit(note(round))]);
      expect(value.value.text()).toBe("value");
      expectReceiptsIn(await rows(), noted);
    }
    const all = await rows();
    expectOneChain(all);
    expect(all.length).toBe(11);
    expect((await load(direct, { secrets: ["a"] })).secrets.get("a")?.readCount).toBe(5);
  });

  test("makes one chain of what several servers write at once", async () => {
    const servers = [await openServer(), await openServer(), await openServer()];
    await servers[0]?.submit(setSecret({ name: "a", value: plain("value") }, admin, sealer));
    const [each, readers] = [40, 3];
    const read = () => readSecret({ name: "a", zid: "ZEQ-SYS", purpose: "read" }, sealer);
    const recorded = await Promise.all(
      servers.flatMap((server) =>
        Array.from({ length: readers }, async () => {
          const mine: Recorded<unknown>[] = [];
          for (let index = 0; index < each; index++) {
            mine.push(await server.submit(read()));
          }
          return mine;
        }),
      ),
    );
    const total = servers.length * readers * each;
    const all = await rows();
    expectOneChain(all);
    expect(all.length).toBe(total + 1);
    expectReceiptsIn(all, recorded.flat());
    expect(new Set(recorded.flat().map(({ receipts }) => receipts[0]?.seq)).size).toBe(total);
    expect((await load(direct, { secrets: ["a"] })).secrets.get("a")?.readCount).toBe(total);
  });

  test("keeps its word while its connections are killed", async () => {
    const sequencer = await openServer();
    const database = new URL(url).pathname.slice(1);
    const own = (await queryText(url, `SELECT id FROM information_schema.processlist WHERE db = '${database}'`)).flat();
    const acknowledged: Recorded<unknown>[] = [];
    const refused: unknown[] = [];
    let busy = true;
    const callers = Array.from({ length: 5 }, async (_, caller) => {
      for (let index = 0; index < 60; index++) {
        await sequencer.submit(note(caller * 1_000 + index)).then(
          (recorded) => acknowledged.push(recorded),
          (error) => refused.push(error),
        );
      }
    });
    const killing = (async () => {
      while (busy) {
        const ids = await queryText(url, `SELECT id FROM information_schema.processlist WHERE db = '${database}'`);
        const victims = ids.flat().filter((id) => !own.includes(id));
        for (const id of victims) {
          await queryText(url, `KILL ${id}`).catch(() => undefined);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await Promise.all(callers);
    busy = false;
    await killing;
    const all = await rows();
    expectOneChain(all);
    expectReceiptsIn(all, acknowledged);
    for (const error of refused) {
      expect(error).toMatchObject({ code: "STORE_UNAVAILABLE" });
    }
    expect(acknowledged.length + refused.length).toBe(300);
    expect(new Set(all.map(({ payloadJson }) => payloadJson)).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(acknowledged.length);
    expect(acknowledged.length).toBeGreaterThan(0);
  });
});

function fail(): never {
  throw new Error("a receipt without a row");
}
