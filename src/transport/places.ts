import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { Limits } from "./limits.ts";
import type { Peer } from "./peer.ts";

/** How many of something there may be at once: together, from one address, and on one connection. */
export interface PlaceBounds {
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

/** The places for what needs no token. A stranger who takes all of his leaves some for others. */
export class Places {
  readonly #bounds: PlaceBounds;
  readonly #byAddress = new Map<string, number>();
  readonly #byConnection = new Map<object, number>();
  #taken = 0;

  constructor(bounds: PlaceBounds) {
    this.#bounds = bounds;
  }

  /** Takes a place, which MUST be given back, once, by what is returned; undefined when there is none. */
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

/** Says that there is no place, and when to ask again. */
export function crowded(message: string): ConnectError {
  const retry = { desc: RetryInfoSchema, value: { retryDelay: { seconds: BigInt(retrySeconds) } } };
  return new ConnectError(message, Code.ResourceExhausted, { "retry-after": String(retrySeconds) }, [retry]);
}

/** After so long a caller without a place may come back. */
export const retrySeconds = 1;

/** Takes so much from the amount of a key; a key without an amount is forgotten. */
export function subtract<K>(amounts: Map<K, number>, key: K, amount: number): void {
  const left = (amounts.get(key) ?? 0) - amount;
  if (left > 0) {
    amounts.set(key, left);
  } else {
    amounts.delete(key);
  }
}
