import { execFileSync } from "node:child_process";
import { type FaultProxy, openFaultProxy } from "./fault-proxy.ts";
import { type MariaDb, openMariaDb } from "./mariadb.ts";
import { createFreshDatabase, queryText } from "./mysql-admin.ts";

const user = "vault";
const password = "the same on both";

/** Two MariaDB servers with the same account. Neither follows the other but by `copy`. */
export interface TwoServers {
  /** A fresh database on the first server. */
  createDatabase(): Promise<string>;
  /** Makes the second server's database what the first one's is now, and answers its url. */
  copy(url: string): string;
  /** A way to the first server that can be led to the second. */
  openProxy(): Promise<FaultProxy>;
  dispose(): Promise<void>;
}

export async function openTwoServers(): Promise<TwoServers> {
  const servers = await Promise.all([openMariaDb(), openMariaDb()]);
  const [first, second] = await Promise.all(servers.map(withAccount));
  if (first === undefined || second === undefined) {
    throw new Error("two servers are needed");
  }
  return {
    createDatabase: () => createFreshDatabase(first),
    copy(url) {
      const database = new URL(url).pathname.slice(1);
      const dump = execFileSync("mariadb-dump", [...loginAt(first), "--add-drop-database", "--databases", database], {
        env: withPassword(),
      });
      execFileSync("mariadb", loginAt(second), { input: dump, env: withPassword() });
      const copied = new URL(url);
      copied.port = new URL(second).port;
      return copied.href;
    },
    openProxy: () => openFaultProxy(first),
    async dispose() {
      await Promise.all(servers.map((server) => server.dispose()));
    },
  };
}

/** The server's url for the account. */
async function withAccount(server: MariaDb): Promise<string> {
  await queryText(server.url(), `CREATE USER ${user} IDENTIFIED BY '${password}'`);
  await queryText(server.url(), `GRANT ALL ON *.* TO ${user}`);
  const url = new URL(server.url());
  url.username = user;
  url.password = password;
  return url.href;
}

function loginAt(url: string): readonly string[] {
  return ["--no-defaults", "--host=127.0.0.1", `--port=${new URL(url).port}`, `--user=${user}`];
}

function withPassword(): NodeJS.ProcessEnv {
  return { ...process.env, MYSQL_PWD: password };
}
