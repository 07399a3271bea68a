import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The JWKS of an issuer, over real HTTP, as good or as bad as one likes. */
export interface KeyServer {
  readonly url: URL;
  /** How often it was asked. */
  readonly fetches: number;
  /** Answers with a key set from now on. */
  serve(keys: readonly unknown[]): void;
  /** Answers in any way from now on. */
  answer(write: (response: ServerResponse, path: string) => void): void;
  close(): Promise<void>;
}

export async function openKeyServer(): Promise<KeyServer> {
  let fetches = 0;
  let write: (response: ServerResponse, path: string) => void = (response) => response.writeHead(404).end();
  const server = createServer((request, response) => {
    fetches += 1;
    write(response, request.url ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/jwks.json`),
    get fetches() {
      return fetches;
    },
    serve(keys) {
      write = (response) => {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys }));
      };
    },
    answer(how) {
      write = how;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
