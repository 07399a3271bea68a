import { systemClock } from "../../src/base/clock.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { createSequencer } from "../../src/ledger/sequencer.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { type Galera, openGalera } from "../support/galera.ts";
import { mysqlOptionsOf } from "../support/places.ts";

const clusterTimeoutMs = 240_000;
const callers = 16;
const rowsOfEach = 1_000;

/** Writes one row. */
const oneRow: Operation<void> = {
  needs: [],
  weight: { rows: 1, bytes: 0 },
  apply: () => ({
    outcome: { kind: "done", value: undefined },
    changes: [],
    drafts: [{ type: "probe", originId: "probe", actorZid: "ZEQ1", purpose: "probe", payload: {} }],
  }),
};

describe("servers on two nodes of a Galera cluster", () => {
  let cluster: Galera;

  beforeAll(async () => {
    cluster = await openGalera();
  }, clusterTimeoutMs);
  afterAll(() => cluster?.dispose(), clusterTimeoutMs);

  test(
    "take turns: work without end on one does not keep the other out",
    async () => {
      const database = await cluster.createDatabase();
      const servers = await Promise.all(
        cluster.nodes.slice(0, 2).map(async ({ url }) => {
          const store = await openMysqlStore(mysqlOptionsOf(url(database)), tables);
          return { store, sequencer: createSequencer({ store, clock: systemClock }), recorded: 0, refused: 0 };
        }),
      );
      const isDone = () => servers.every(({ recorded, refused }) => recorded + refused >= rowsOfEach);
      const callOnAndOn = async (server: (typeof servers)[number]) => {
        while (!isDone()) {
          const isRecorded = await server.sequencer.submit(oneRow).then(
            () => true,
            () => false,
          );
          server[isRecorded ? "recorded" : "refused"] += 1;
        }
      };
      await Promise.all(servers.flatMap((server) => Array.from({ length: callers }, () => callOnAndOn(server))));
      expect(servers.map(({ refused }) => refused)).toEqual([0, 0]);
      for (const { sequencer, store } of servers) {
        await sequencer.close();
        await store.close();
      }
    },
    clusterTimeoutMs,
  );
});
