import { type LedgerWrite, type Loaded, type LoadRequest, type Store, StoreFailure } from "../../src/ledger/store.ts";

/** One transaction in the hands of its fate. */
export interface Doomed {
  /** Carries it out. */
  commit(): Promise<void>;
  /** Lets it decide, and writes nothing; answers what would have been written. */
  rollBack(): Promise<LedgerWrite | null>;
}

/** What becomes of one transaction. */
export type Fate = (transaction: Doomed) => Promise<void>;

/** A real store whose next transactions go wrong as planned. */
export interface FaultyStore extends Pick<Store, "transact" | "inProcess"> {
  /** The fates of the next transactions; those after them are carried out. */
  plan(...fates: readonly Fate[]): void;
  /** What the transactions wrote that were carried out, in their order; null where there was nothing to write. */
  readonly written: readonly (LedgerWrite | null)[];
  /** How many transactions were begun. */
  attempts(): number;
}

/** `inProcess`: what it says of itself. */
export function faultyStore(
  store: Pick<Store, "transact" | "inProcess">,
  inProcess: boolean = store.inProcess,
): FaultyStore {
  const planned: Fate[] = [];
  const written: (LedgerWrite | null)[] = [];
  let attempts = 0;
  const carryOut = async (request: LoadRequest, decide: (loaded: Loaded) => LedgerWrite | null) => {
    let write: LedgerWrite | null = null;
    await store.transact(request, (loaded) => {
      write = decide(loaded);
      return write;
    });
    written.push(write);
  };
  return {
    inProcess,
    written,
    attempts: () => attempts,
    plan: (...fates) => void planned.push(...fates),
    async transact(request, decide) {
      attempts += 1;
      const commit = () => carryOut(request, decide);
      const rollBack = async () => {
        let decided: LedgerWrite | null = null;
        await store.transact(request, (loaded) => {
          decided = decide(loaded);
          return null;
        });
        return decided;
      };
      const fate = planned.shift() ?? (() => commit());
      await fate({ commit, rollBack });
    },
  };
}

/** The database is away before anything happens. */
export const unavailable: Fate = () => Promise.reject(new StoreFailure("unavailable", "away"));

/** A rival comes first, after the decision. */
export const conflict: Fate = async ({ rollBack }) => {
  await rollBack();
  throw new StoreFailure("conflict", "a rival came first");
};

/** The COMMIT is carried out, and its answer is lost. */
export const answerLost: Fate = async ({ commit }) => {
  await commit();
  throw new StoreFailure("in_doubt", "lost");
};

/** The COMMIT never arrives. */
export const commitLost: Fate = async ({ rollBack }) => {
  await rollBack();
  throw new StoreFailure("in_doubt", "lost");
};

/** A door that opens once: transactions wait before it. */
export interface Door {
  open(): void;
  /** Resolves when somebody waits before it. */
  readonly reached: Promise<void>;
  /** Waits before the transaction begins. */
  readonly before: Fate;
  /** Waits once the commit is done. */
  readonly after: Fate;
}

export function door(): Door {
  const opened = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const wait = () => {
    reached.resolve();
    return opened.promise;
  };
  return {
    open: () => opened.resolve(),
    reached: reached.promise,
    before: async ({ commit }) => {
      await wait();
      await commit();
    },
    after: async ({ commit }) => {
      await commit();
      await wait();
    },
  };
}
