import type { ServerOptions } from "./options.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One port that speaks gRPC, gRPC-Web, Connect and JSON over HTTP, in plain text or in TLS. */
export interface ZscServer {
  /** Begins to listen; port 0 takes a free one. Rejects when the address cannot be had. */
  listen(address: Address): Promise<Address>;
  /**
   * Takes no more connections and calls, lets those in flight finish for `graceMs`, then ends every connection.
   * Resolves when the last connection is gone. Calling it again waits for the same end.
   */
  close(graceMs: number): Promise<void>;
}

export function createServer(_options: ServerOptions): ZscServer {
  throw new Error("not yet");
}
