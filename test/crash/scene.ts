import { Accounting } from "./accounting.ts";
import type { DatabaseView } from "./database-view.ts";
import { Journal } from "./journal.ts";
import type { Clients } from "./load.ts";
import { createService, type Service } from "./service.ts";
import { createTokens, type Keys } from "./tokens.ts";
import { type ApiClients, createApiClients } from "./vault-api/clients.ts";
import { apiWire } from "./vault-api/wire.ts";
import type { Wire } from "./wire.ts";
import { connectWire, grpcJsWire } from "./wire-grpc.ts";
import { jsonWire } from "./wire-json.ts";
import { createZscServer, type ZscServer } from "./zsc-server.ts";

/** One vault under test: its servers, its clients, its database, and the books that are kept of it. */
export interface Scene {
  readonly title: string;
  readonly servers: readonly ZscServer[];
  /** How well each of the servers serves. */
  readonly services: readonly Service[];
  readonly clients: Clients;
  /** The clients of `/v1`, beside them. */
  readonly api: ApiClients;
  /** Makes what the clients of `/v1` need, by the first server and where it works. Once all servers run. */
  prepare(): Promise<void>;
  /** Every node of the database. The books are kept by the first, and all must agree. */
  readonly nodes: readonly DatabaseNode[];
  readonly accounting: Accounting;
  close(): Promise<void>;
}

export interface DatabaseNode {
  /** As `ZSC_DATABASE_URL` takes it. */
  readonly url: string;
  readonly view: DatabaseView;
}

export interface SceneOptions {
  readonly title: string;
  /** One for each server, the node that it works on. */
  readonly serverUrls: readonly string[];
  readonly nodes: readonly DatabaseNode[];
  readonly keys: Keys;
  /** A folder for the servers' logs. */
  readonly folder: string;
}

/** The servers, not started yet, and clients of three kinds for each. */
export async function createScene({ title, serverUrls, nodes, keys, folder }: SceneOptions): Promise<Scene> {
  const servers = await Promise.all(
    serverUrls.map((databaseUrl, index) =>
      createZscServer({ databaseUrl, keys, logFile: `${folder}/${title.replaceAll(" ", "-")}-${index}.log` }),
    ),
  );
  const journal = new Journal();
  const services = servers.map(() => createService());
  const wires = servers.flatMap(({ host, port }, index) =>
    wiresTo(host, port, servers.length === 1 ? 2 : 1).map((wire) => services[index]?.watch(wire) ?? wire),
  );
  const apiWires = servers.map(({ host, port }) => apiWire(host, port));
  const api = createApiClients(apiWires);
  return {
    title,
    servers,
    services,
    clients: { journal, tokens: createTokens(keys), wires },
    api,
    prepare: () => api.prepare(serverUrls[0] ?? "", keys),
    nodes,
    accounting: new Accounting(journal, api.journal),
    async close() {
      for (const wire of [...wires, ...apiWires]) {
        wire.close();
      }
      await Promise.all(servers.map((server) => server.kill()));
    },
  };
}

function wiresTo(host: string, port: number, each: number): readonly Wire[] {
  const grpc = Array.from({ length: each }, () => [connectWire(host, port), grpcJsWire(host, port)]);
  return [...grpc.flat(), jsonWire(host, port)];
}
