import { createFreshDatabase, serverVersion } from "./mysql-admin.ts";
import { createDataDirectory, createLocalServer, type LocalServer, openSite } from "./mysql-server.ts";
import { findFreePort } from "./server-process.ts";

/** A private MariaDB or MySQL server. It and its data end with this process at the latest. */
export interface MariaDb extends LocalServer {
  /** As the server names itself, for example `10.11.19-MariaDB-0+deb12u1`. */
  readonly version: string;
  /** Creates a database of a random name and answers its url. */
  createDatabase(): Promise<string>;
  /** Ends the server and removes its data. */
  dispose(): Promise<void>;
}

export interface MariaDbOptions {
  /** Further arguments for the server, for example `--log-bin`. */
  readonly args?: readonly string[];
}

/**
 * Starts a private server on loopback with an empty data directory; installs MariaDB when this machine has none and may.
 *
 * @throws Error naming what to install, or with the end of the server's log.
 */
export async function openMariaDb(options: MariaDbOptions = {}): Promise<MariaDb> {
  const site = await openSite({ prefix: "zsc-mariadb-", packages: ["mariadb-server"], user: "root" });
  const server = createLocalServer(site, "data", await findFreePort(), options.args ?? []);
  try {
    await createDataDirectory(site, "data");
    await server.start();
    return withExtras(server, await serverVersion(server.url()), site.remove);
  } catch (error) {
    await server.kill();
    site.remove();
    throw error;
  }
}

function withExtras(server: LocalServer, version: string, remove: () => void): MariaDb {
  return {
    version,
    port: server.port,
    get pid() {
      return server.pid;
    },
    url: server.url,
    start: server.start,
    kill: server.kill,
    stop: server.stop,
    createDatabase: () => createFreshDatabase(server.url()),
    async dispose() {
      await server.kill();
      remove();
    },
  };
}
