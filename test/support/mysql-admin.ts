import { randomBytes } from "node:crypto";
import { type Connection, createConnection } from "mysql2/promise";

/** Runs `work` on a connection of its own. */
export async function withConnection<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 });
  // A server that is killed ends the connection with an event; the query that waits is rejected as well.
  connection.on("error", () => undefined);
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

/** The rows of one statement, every value as text. */
export async function queryText(url: string, sql: string): Promise<readonly (readonly string[])[]> {
  return await withConnection(url, async (connection) => {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return Array.isArray(rows) ? rows.map((row) => (Array.isArray(row) ? row.map(String) : [])) : [];
  });
}

/** Creates a database of a random name on the server behind `serverUrl` and answers its url. */
export async function createFreshDatabase(serverUrl: string): Promise<string> {
  const name = `zsc_${randomBytes(6).toString("hex")}`;
  await queryText(serverUrl, `CREATE DATABASE ${name}`);
  return databaseUrl(serverUrl, name);
}

/** Drops the database that the url names. */
export async function dropDatabase(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  await queryText(databaseUrl(url, ""), `DROP DATABASE IF EXISTS \`${name.replaceAll("`", "``")}\``);
}

/** The same server, another database. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

/** The server's version, as it names itself. */
export async function serverVersion(serverUrl: string): Promise<string> {
  return (await queryText(serverUrl, "SELECT VERSION()"))[0]?.[0] ?? "";
}

/** Creates an account with these rights, each as GRANT has it, and answers the url with it in the place of the other. */
export async function createAccount(url: string, grants: readonly string[]): Promise<string> {
  const [name, password] = [`zsc_${randomBytes(6).toString("hex")}`, randomBytes(16).toString("hex")];
  await queryText(url, `CREATE USER ${name}@'%' IDENTIFIED BY '${password}'`);
  for (const grant of grants) {
    await queryText(url, `GRANT ${grant} TO ${name}@'%'`);
  }
  const account = new URL(url);
  [account.username, account.password] = [name, password];
  return account.href;
}
