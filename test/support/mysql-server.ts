import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { queryText } from "./mysql-admin.ts";
import { findProgram, requireInstalled, run } from "./programs.ts";
import { createPrivateFolder, launchServer, type ServerProcess } from "./server-process.ts";

const readyWithinMs = 120_000;

/** The server program of this machine. */
export interface ServerProgram {
  readonly path: string;
  readonly kind: "mariadb" | "mysql";
}

/** What the servers of one harness share: a private folder and one account. */
export interface ServerSite {
  readonly program: ServerProgram;
  readonly folder: string;
  readonly password: string;
  remove(): void;
}

/** One server process over one data directory; it keeps both, and its port, when it is killed and started again. */
export interface LocalServer {
  readonly port: number;
  /** Undefined while the server is down. */
  readonly pid: number | undefined;
  url(database?: string): string;
  /** Resolves when the server answers queries. `extraArgs` count for this start only. */
  start(extraArgs?: readonly string[]): Promise<void>;
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>;
  /** A clean stop. */
  stop(): Promise<void>;
}

/**
 * A folder for servers of this machine's MariaDB or MySQL; installs Debian's `packages` when there is none and this process may.
 *
 * @throws Error naming what to install.
 */
export async function openSite(prefix: string, packages: readonly string[] = ["mariadb-server"]): Promise<ServerSite> {
  const path = await requireInstalled("a MariaDB or MySQL server", packages, () => findProgram("mariadbd", "mysqld"));
  const kind = (await run(path, ["--version"])).includes("MariaDB") ? "mariadb" : "mysql";
  const folder = createPrivateFolder(prefix);
  const password = randomBytes(16).toString("hex");
  return { program: { path, kind }, folder: folder.path, password, remove: folder.remove };
}

/** Fills a data directory in which `zsc` is the only account that can log in. */
export async function createDataDirectory(site: ServerSite, dataDir: string): Promise<void> {
  const accounts = join(site.folder, "accounts.sql");
  writeFileSync(accounts, accountStatements(site), { mode: 0o600 });
  try {
    if (site.program.kind === "mysql") {
      const args = ["--initialize-insecure", `--init-file=${accounts}`];
      await run(site.program.path, ["--no-defaults", `--datadir=${dataDir}`, ...args, ...asRoot()]);
    } else {
      const install = findProgram("mariadb-install-db", "mysql_install_db");
      if (install === undefined) throw new Error("mariadb-install-db is missing beside the MariaDB server: install it");
      const args = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
      await run(install, ["--no-defaults", `--datadir=${dataDir}`, ...args, `--extra-file=${accounts}`, ...asRoot()]);
    }
  } finally {
    rmSync(accounts);
  }
}

/** A server over `<folder>/<name>`; it is not started yet. */
export function createLocalServer(site: ServerSite, name: string, port: number, args: readonly string[]): LocalServer {
  const logFile = join(site.folder, `${name}.log`);
  const allArgs = [...serverArgs(site, name, port), ...args];
  const url = (database = ""): string =>
    `mysql://zsc:${site.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  let current: ServerProcess | undefined;
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    await current?.end(signal);
    current = undefined;
  };
  return {
    port,
    url,
    get pid() {
      return current?.hasExited() === false ? current.pid : undefined;
    },
    async start(extraArgs = []) {
      if (current?.hasExited() === false) return;
      current = launchServer(site.program.path, [...allArgs, ...extraArgs], logFile);
      await untilQueriesAnswer(url(), current);
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

/** The arguments that any run over this data directory needs, a recovery included. */
export function dataArgs(site: ServerSite, name: string): readonly string[] {
  const durable = "--innodb-flush-log-at-trx-commit=1";
  return ["--no-defaults", `--datadir=${join(site.folder, name)}`, durable, ...asRoot()];
}

/**
 * Calls `isReady` until it answers true. A throw means "not yet".
 *
 * @throws Error with the end of the server's log, when the server ends or takes too long.
 */
export async function untilReady(server: ServerProcess | undefined, isReady: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + readyWithinMs;
  let lastError: unknown;
  while (server?.hasExited() !== true && Date.now() < giveUpAt) {
    try {
      if (await isReady()) return;
    } catch (error) {
      lastError = error;
    }
    await sleep(50);
  }
  await server?.end("SIGKILL");
  throw new Error(`the database server did not come up; the end of its log:\n${server?.logTail()}`, {
    cause: lastError,
  });
}

async function untilQueriesAnswer(url: string, server: ServerProcess): Promise<void> {
  await untilReady(server, async () => (await queryText(url, "SELECT 1")).length === 1);
}

function serverArgs(site: ServerSite, name: string, port: number): readonly string[] {
  const onlyMysql = site.program.kind === "mysql" ? ["--mysqlx=OFF"] : [];
  return [
    ...dataArgs(site, name),
    "--bind-address=127.0.0.1",
    `--port=${port}`,
    // After a SIGKILL the port may be taken for a moment by connections that are still closing.
    "--port-open-timeout=10",
    `--socket=${join(site.folder, `${name}.sock`)}`,
    `--pid-file=${join(site.folder, `${name}.pid`)}`,
    "--skip-name-resolve",
    "--max-connections=500",
    ...onlyMysql,
  ];
}

function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

/** An anonymous user would win over any `@'%'` account on loopback, and root has no password: both go. */
function accountStatements(site: ServerSite): string {
  const own = ["localhost", "127.0.0.1"].flatMap((host) => [
    `CREATE USER 'zsc'@'${host}' IDENTIFIED BY '${site.password}';`,
    `GRANT ALL ON *.* TO 'zsc'@'${host}' WITH GRANT OPTION;`,
  ]);
  const statements =
    site.program.kind === "mysql"
      ? [...own, "DROP USER 'root'@'localhost';"]
      : [
          "FLUSH PRIVILEGES;",
          "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';",
          "FLUSH PRIVILEGES;",
          ...own,
        ];
  return `${statements.join("\n")}\n`;
}
