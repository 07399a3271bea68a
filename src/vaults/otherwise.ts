import type { Operation } from "../ledger/index.ts";

/** Thrown by what decides, where another operation has to be made first. */
export class Otherwise<T> extends Error {
  readonly outcome: T;

  constructor(outcome: T) {
    super("another operation is to be made");
    this.outcome = outcome;
  }
}

/** An operation whose outcome may be that another one has to be made, which leaves no event. */
export function orElse<T, E>(operation: Operation<T>, discard?: (value: T | E) => void): Operation<T | E> {
  return {
    ...operation,
    apply(view) {
      try {
        return operation.apply(view);
      } catch (error) {
        if (error instanceof Otherwise) {
          return { outcome: { kind: "done", value: error.outcome as E }, changes: [], drafts: [] };
        }
        throw error;
      }
    },
    ...(discard === undefined ? {} : { discard }),
  } as Operation<T | E>;
}
