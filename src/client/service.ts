import type { DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

// Connect's own types do not stand in a project that has none of the types of browsers.

/**
 * What goes with a call of a typed service.
 *
 * @example
 *     const onHeader = (headers: Headers) => keep(headers.get("zsc-receipt"));
 *     await vault.admin.set({ name: "db-password", value }, { onHeader } satisfies CallOptions);
 */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** In place of the client's own. */
  readonly timeoutMs?: number;
  /** Told of the headers of the answer; `zsc-receipt` is the row that records the call: `<seq>.<row_hash>`. */
  onHeader?(headers: Headers): void;
}

/**
 * A typed service. Its messages and methods are those of the schema in `proto/`, whose comments are the manual. All calls
 * fail with `ZscError`.
 *
 * @example
 *     const names = async (admin: Service<typeof ZscAdmin>) => (await admin.list({})).secrets.map(({ name }) => name);
 */
export type Service<S extends DescService> = {
  readonly [M in keyof S["method"]]: S["method"][M] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : never;
};
