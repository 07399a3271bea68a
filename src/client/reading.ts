import type { BatchReadItem, ReadResponse, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscError } from "./error.ts";
import type { Settings } from "./options.ts";
import { itemError, receiptText, toZscError } from "./refusal.ts";
import type { Service } from "./service.ts";

/**
 * What a read has found.
 *
 * @example
 *     const { value, source, receipt }: SecretRead = await vault.readSecret("db-password");
 */
export interface SecretRead {
  readonly value: string;
  /** `env`: the vault has no such secret, and the caller's own environment has. */
  readonly source: "vault" | "env";
  /** The label of the secret, if it has one. */
  readonly purposeTag?: string;
  /** The audit row that records the read: `<seq>.<row_hash>`. Of `env`: the row that says that there is none, if it is known. */
  readonly receipt?: string;
}

/**
 * What has become of one name among many: tell them apart by `error`.
 *
 * @example
 *     const report = (found: SecretOrError) => (found.error === undefined ? found.source : found.error.code);
 */
export type SecretOrError =
  | (SecretRead & { readonly error?: never })
  | { readonly error: ZscError; readonly value?: never; readonly source?: never; readonly receipt?: never };

/** What goes with a call beside the names. */
export interface Asking {
  readonly fields: { readonly purpose?: string; readonly onBehalfOf?: string };
  readonly call: { readonly signal?: AbortSignal };
}

/** The limit of `BatchRead`. */
const namesPerCall = 100;

/** The reads of a client: each asks the vault, and nothing is answered from a cache, which would leave no row. */
export function createReading(context: Service<typeof ZeqContext>, { env, fallThrough }: Settings) {
  /** The caller's own value, when the vault has none. A refusal or an absent vault is never more than an error. */
  const orOwn = (name: string, error: ZscError): SecretRead | undefined => {
    // Its own: `toString` is no variable, though every environment has one.
    const own = Object.hasOwn(env, name) ? env[name] : undefined;
    if (!fallThrough || error.code !== "NOT_FOUND" || own === undefined) {
      return undefined;
    }
    return { value: own, source: "env", ...(error.receipt === undefined ? {} : { receipt: error.receipt }) };
  };

  const resultOf = ({ name, result }: BatchReadItem): SecretOrError => {
    if (result.case === "secret") {
      return fromVault(result.value);
    }
    const error =
      result.case === "error" ? itemError(result.value) : new ZscError("INTERNAL", "the vault's answer has a gap");
    return orOwn(name, error) ?? { error };
  };

  const readPiece = async (names: readonly string[], { fields, call }: Asking) => {
    try {
      const { items } = await context.batchRead({ names: [...names], ...fields }, call);
      const found = new Map(items.map((item) => [item.name, resultOf(item)]));
      const gap = { error: new ZscError("INTERNAL", "the vault's answer lacks this name") };
      return names.map((name) => [name, found.get(name) ?? gap] as const);
    } catch (reason) {
      const error = toZscError(reason);
      return names.map((name) => [name, { error }] as const);
    }
  };

  return {
    async one(name: string, { fields, call }: Asking): Promise<SecretRead> {
      try {
        return fromVault(await context.read({ name, ...fields }, call));
      } catch (reason) {
        const error = toZscError(reason);
        const own = orOwn(name, error);
        if (own !== undefined) {
          return own;
        }
        throw error;
      }
    },

    async many(names: readonly string[], asking: Asking): Promise<Map<string, SecretOrError>> {
      const left = [...new Set(names)];
      const found = new Map<string, SecretOrError>();
      while (left.length > 0) {
        for (const [name, result] of await readPiece(left.splice(0, namesPerCall), asking)) {
          found.set(name, result);
        }
      }
      return found;
    },
  };
}

function fromVault({ value, purposeTag, receipt }: ReadResponse): SecretRead {
  const text = receiptText(receipt);
  return {
    value,
    source: "vault",
    ...(purposeTag === undefined ? {} : { purposeTag }),
    ...(text === undefined ? {} : { receipt: text }),
  };
}

/** Every value, or one error that names all that could not be read. */
export function valuesOf(found: ReadonlyMap<string, SecretOrError>): Record<string, string> {
  const failures = new Map<string, ZscError>();
  const values: [string, string][] = [];
  for (const [name, result] of found) {
    if (result.error === undefined) {
      values.push([name, result.value]);
    } else {
      failures.set(name, result.error);
    }
  }
  if (failures.size > 0) {
    throw oneError(failures, found.size);
  }
  return Object.fromEntries(values);
}

function oneError(failures: ReadonlyMap<string, ZscError>, asked: number): ZscError {
  const errors = [...failures.values()];
  // That a secret is not there says the least of why.
  const first = errors.find(({ code }) => code !== "NOT_FOUND") ?? errors[0];
  const waits = errors.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const list = [...failures].map(([name, { code }]) => `${name} (${code})`).join(", ");
  return new ZscError(first?.code ?? "INTERNAL", `${failures.size} of ${asked} secrets could not be read: ${list}`, {
    failures,
    retryAfterMs: waits.length === 0 ? undefined : Math.max(...waits),
  });
}
