import { openMariaDb } from "./mariadb.ts";
import { serverVersion } from "./mysql-admin.ts";
import { sharedServer, sharedServerVariable } from "./shared-server.ts";

/**
 * Starts one MariaDB for the whole run, unless `ZSC_TEST_MYSQL` names a server to use instead: a url without a database,
 * of an account that may create databases.
 */
export default async function globalSetup(): Promise<void> {
  const given = process.env[sharedServerVariable];
  if (given !== undefined && given !== "") {
    announce(await serverVersion(given), `given server on ${new URL(given).host}`);
    return;
  }
  const server = await openMariaDb();
  sharedServer.current = server;
  process.env[sharedServerVariable] = server.url();
  announce(server.version, `private server on 127.0.0.1:${server.port}`);
}

function announce(version: string, where: string): void {
  const name = version.includes("MariaDB") ? "MariaDB" : "MySQL";
  console.log(`databases: SQLite (better-sqlite3), ${name} ${version.split("-")[0]} (${where})`);
}
