import { StoreFailure } from "../../ledger/index.ts";
import { type Connection, guarded } from "./connection.ts";

/** One connection, opened on demand and reopened after it broke. Its users take turns. */
interface Line {
  /**
   * Runs work on the connection when its turn has come.
   *
   * When the database is found to be unavailable, all users that wait at that moment fail too, because each would time
   * out alike. Later users try again.
   */
  use<T>(work: Work<T>): Promise<T>;
  /** The next user gets a fresh connection. */
  renew(): void;
  close(): Promise<void>;
}

type Work<T> = (connection: Connection) => Promise<T>;

interface LineOptions {
  open(): Promise<Connection>;
  /** Timeout for all answers to one user, without opening the connection. */
  readonly answersWithinMs: number;
  /** Whether failed work is retried once on a new connection: the old one may have died while idle. */
  readonly triesAgain: boolean;
  /** Called when a connection is dropped. */
  onGivenUp?(): void;
}

/** Interval of pings on an idle connection, well below the database's idle timeout. */
const pingEveryMs = 3_000;
const pingWithinMs = 2_000;
const closeWithinMs = 1_000;

export function createLine({ open, answersWithinMs, triesAgain, onGivenUp }: LineOptions): Line {
  let current: Connection | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let users = 0;
  let isIdle = false;
  let outages = 0;
  let closed = false;

  const giveUp = (connection: Connection) => {
    connection.destroy();
    if (current === connection) {
      current = undefined;
    }
    onGivenUp?.();
  };

  async function attempt<T>(work: Work<T>, again: boolean): Promise<T> {
    if (current?.broken) {
      giveUp(current);
    }
    current ??= await open();
    const connection = current;
    connection.limit(answersWithinMs);
    try {
      return await work(connection);
    } catch (error) {
      // After a conflict the connection is as good as before; after any other failure its state is unknown.
      if (isAway(error) || !(await canRollBack(connection))) {
        giveUp(connection);
      }
      if (again && isAway(error)) {
        return await attempt(work, false);
      }
      throw error;
    }
  }

  async function takeTurn<T>(work: Work<T>, again: boolean, outagesBefore: number): Promise<T> {
    if (closed) {
      throw new StoreFailure("unavailable", "the store is closed");
    }
    if (outages !== outagesBefore) {
      throw new StoreFailure("unavailable", "the database did not answer those who came before");
    }
    try {
      return await attempt(work, again);
    } catch (error) {
      outages += isAway(error) ? 1 : 0;
      throw error;
    }
  }

  function queue<T>(work: Work<T>, again: boolean): Promise<T> {
    const outagesBefore = outages;
    users += 1;
    const mine = turn
      .then(() => takeTurn(work, again, outagesBefore))
      .finally(() => {
        users -= 1;
      });
    turn = mine.catch(() => undefined);
    return mine;
  }

  const keptAlive = setInterval(() => {
    if (isIdle && users === 0 && current?.broken === false) {
      queue(ping, true).catch(() => undefined);
    }
    isIdle = users === 0;
  }, pingEveryMs).unref();

  return {
    use(work) {
      isIdle = false;
      return queue(work, triesAgain);
    },
    renew() {
      const old = current;
      current = undefined;
      // A job in progress may finish.
      void turn.then(() => old?.destroy());
    },
    async close() {
      clearInterval(keptAlive);
      await turn;
      closed = true;
      if (current?.broken === false) {
        current.limit(closeWithinMs);
        await guarded(current, current.end).catch(() => undefined);
      }
    },
  };
}

function isAway(error: unknown): boolean {
  return error instanceof StoreFailure && error.kind !== "conflict";
}

async function canRollBack(connection: Connection): Promise<boolean> {
  return await connection.run("ROLLBACK").then(
    () => true,
    () => false,
  );
}

async function ping(connection: Connection): Promise<void> {
  connection.limit(pingWithinMs);
  await connection.ping();
}
