import { setTimeout as sleep } from "node:timers/promises";
import { databaseUrl, withConnection } from "../support/mysql-admin.ts";
import type { LocalServer } from "../support/mysql-server.ts";
import type { Disturbance, Told } from "./round.ts";
import type { ZscServer } from "./zsc-server.ts";

/** After a kill, a server must be ready so soon after its start (issue 3, "Bad input, decided"). */
const readyWithinMs = 5_000;
const harassmentMs = 1_500;

/** `kill -9` of one of the vault's servers, another one each time. */
export const killServer: Disturbance = {
  title: "server killed",
  cutsClients: true,
  async run({ servers }) {
    const server = oneOf(servers);
    await server.kill();
    return await startAgain([server]);
  },
};

/** `kill -9` of the database under a server that goes on, and finds it again by itself. */
export function killDatabase(database: LocalServer): Disturbance {
  return {
    title: "mariadbd killed",
    cutsClients: false,
    async run({ servers }) {
      await database.kill();
      await sleep(Math.random() * 300);
      await database.start();
      const readyMs = await Promise.all(servers.map((server) => server.untilReady()));
      return { text: `found again after ${Math.max(...readyMs)} ms` };
    },
  };
}

/** `kill -9` of both, a moment apart, in either order. */
export function killBoth(database: LocalServer): Disturbance {
  return {
    title: "both killed",
    cutsClients: true,
    async run({ servers }) {
      const kills = [() => database.kill(), () => Promise.all(servers.map((server) => server.kill()))];
      if (Math.random() < 0.5) {
        kills.reverse();
      }
      for (const kill of kills) {
        void kill();
        await sleep(Math.random() * 20);
      }
      await Promise.all(kills.map((kill) => kill()));
      await database.start();
      return await startAgain(servers);
    },
  };
}

/** The servers' connections to the database are killed every 100 ms. */
export function killConnections(url: string): Disturbance {
  return {
    title: "connections killed every 100 ms",
    cutsClients: false,
    async run() {
      const name = new URL(url).pathname.slice(1);
      const kills = await withConnection(databaseUrl(url, ""), async (connection) => {
        let killed = 0;
        for (const endAt = Date.now() + harassmentMs; Date.now() < endAt; await sleep(100)) {
          const [found] = await connection.query({
            sql: `SELECT id FROM information_schema.processlist WHERE db = '${name}'`,
            rowsAsArray: true,
          });
          for (const [id] of Array.isArray(found) ? (found as unknown[][]) : []) {
            killed++;
            await connection.query(`KILL ${Number(id)}`).catch(() => undefined);
          }
        }
        return killed;
      });
      return { text: `${kills} kills` };
    },
  };
}

/** Rivals that take the vault's locks in the reverse order, and hold them for a while. */
export function rivals(url: string): Disturbance {
  return {
    title: "deadlock rivals",
    cutsClients: false,
    async run() {
      const counted = await Promise.all([rival(url), rival(url), rival(url)]);
      return { text: `${counted.reduce((sum, deadlocks) => sum + deadlocks, 0)} rivals lost a deadlock` };
    },
  };
}

async function rival(url: string): Promise<number> {
  return await withConnection(url, async (connection) => {
    let deadlocks = 0;
    for (const endAt = Date.now() + harassmentMs; Date.now() < endAt; await sleep(Math.random() * 20)) {
      try {
        await connection.query("BEGIN");
        await connection.query("SELECT * FROM secret ORDER BY name DESC LIMIT 8 FOR UPDATE");
        await sleep(Math.random() * 20);
        await connection.query("SELECT * FROM audit_head FOR UPDATE");
        await sleep(Math.random() * 10);
        await connection.query("ROLLBACK");
      } catch {
        deadlocks++;
        await connection.query("ROLLBACK");
      }
    }
    return deadlocks;
  });
}

/**
 * An operator changes tables, over and over. On a Galera cluster that rolls back whatever is under way on them, in the
 * middle of a packet too, and without moving the head.
 */
export function changeTables(url: string): Disturbance {
  return {
    title: "tables changed",
    cutsClients: false,
    async run() {
      const changes = await withConnection(url, async (connection) => {
        let count = 0;
        for (const endAt = Date.now() + 2 * harassmentMs; Date.now() < endAt; await sleep(Math.random() * 60)) {
          const table = oneOf(["audit_log", "secret", "audit_origin", "denial"]);
          await connection.query(`ALTER TABLE ${table} COMMENT = '${count++}'`);
        }
        return count;
      });
      return { text: `${changes} changes` };
    },
  };
}

/** Nothing but load. */
export const nothing: Disturbance = {
  title: "left alone",
  cutsClients: false,
  async run() {
    await sleep(harassmentMs);
    return { text: "load only" };
  },
};

async function startAgain(servers: readonly ZscServer[]): Promise<Told> {
  const starts = await Promise.all(servers.map((server) => server.start()));
  const slowest = starts.reduce((one, other) => (other.readyMs > one.readyMs ? other : one));
  const text = `ready ${slowest.readyMs} ms after its start`;
  if (starts.every(({ readyMs, starvedMs }) => readyMs - starvedMs <= readyWithinMs)) {
    return { text };
  }
  return {
    text,
    findings: [`it was not ready within ${readyWithinMs} ms, ${slowest.starvedMs} ms without a processor aside`],
  };
}

export function oneOf<T>(list: readonly T[]): T {
  const chosen = list[Math.floor(Math.random() * list.length)];
  if (chosen === undefined) {
    throw new Error("there is nothing to choose from");
  }
  return chosen;
}
