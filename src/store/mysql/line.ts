import { StoreFailure } from "../../ledger/index.ts";
import { type Connection, guarded } from "./connection.ts";

/** One connection, opened when it is needed and again after it broke; its users take turns. */
interface Line {
  /**
   * Runs work on the connection when its turn has come.
   *
   * When the database turns out to be away, all who wait for their turn at that moment fail with it: none of them would
   * hear anything else. Later users try again.
   */
  use<T>(work: Work<T>): Promise<T>;
  /** The next user gets a fresh connection. */
  renew(): void;
  close(): Promise<void>;
}

type Work<T> = (connection: Connection) => Promise<T>;

interface LineOptions {
  open(): Promise<Connection>;
  /** The time for all answers to one user; opening a connection aside. */
  readonly answersWithinMs: number;
  /** Whether work that the database failed is done once more on a fresh connection: this one may have died long ago. */
  readonly triesAgain: boolean;
  /** Told when a connection was given up. */
  onGivenUp?(): void;
}

/** An idle connection is asked for a sign of life so often that the database never ends it as silent. */
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
