import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { Limits } from "../limits.ts";
import type { Peer } from "./peer.ts";

/** Concurrency limits: in total, per address and per connection. */
interface PlaceBounds {
  readonly total: number;
  readonly perAddress: number;
  readonly perConnection: number;
}

export function publicStreamBounds(limits: Limits): PlaceBounds {
  const { maxPublicStreams, maxPublicStreamsPerAddress, maxPublicStreamsPerConnection } = limits;
  return {
    total: maxPublicStreams,
    perAddress: maxPublicStreamsPerAddress,
    perConnection: maxPublicStreamsPerConnection,
  };
}

export function publicCallBounds(limits: Limits): PlaceBounds {
  const { maxPublicCalls, maxPublicCallsPerAddress, maxPublicCallsPerConnection } = limits;
  return { total: maxPublicCalls, perAddress: maxPublicCallsPerAddress, perConnection: maxPublicCallsPerConnection };
}

/** Limits the concurrency of unauthenticated calls. A single client cannot use up the places of others. */
export class Places {
  readonly #bounds: PlaceBounds;
  readonly #byAddress = new Map<string, number>();
  readonly #byConnection = new Map<object, number>();
  #taken = 0;

  constructor(bounds: PlaceBounds) {
    this.#bounds = bounds;
  }

  /** Takes a place. Returns the function that releases it, which MUST be called once; undefined when none is free. */
  take({ connection, address }: Peer): (() => void) | undefined {
    const { total, perAddress, perConnection } = this.#bounds;
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const ofConnection = this.#byConnection.get(connection) ?? 0;
    if (this.#taken >= total || ofAddress >= perAddress || ofConnection >= perConnection) {
      return undefined;
    }
    this.#taken += 1;
    this.#byAddress.set(address, ofAddress + 1);
    this.#byConnection.set(connection, ofConnection + 1);
    return () => {
      this.#taken -= 1;
      subtract(this.#byAddress, address, 1);
      subtract(this.#byConnection, connection, 1);
    };
  }
}

/** RESOURCE_EXHAUSTED with a retry delay. */
export function crowded(message: string): ConnectError {
  const retry = { desc: RetryInfoSchema, value: { retryDelay: { seconds: BigInt(retrySeconds) } } };
  return new ConnectError(message, Code.ResourceExhausted, { "retry-after": String(retrySeconds) }, [retry]);
}

/** After so long a caller without a place may come back. */
export const retrySeconds = 1;

/** Subtracts from the amount of a key; deletes a key whose amount reaches 0. */
export function subtract<K>(amounts: Map<K, number>, key: K, amount: number): void {
  const left = (amounts.get(key) ?? 0) - amount;
  if (left > 0) {
    amounts.set(key, left);
  } else {
    amounts.delete(key);
  }
}
