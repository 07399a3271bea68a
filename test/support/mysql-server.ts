import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { queryText } from "./mysql-admin.ts";
import { findProgram, requireInstalled, run } from "./programs.ts";
import { createPrivateFolder, launchServer, type ServerProcess } from "./server-process.ts";

const readyWithinMs = 60_000;
/** A look at a server that is starting: it may take the connection, and then not answer for long. */
const lookWithinMs = 5_000;

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
  /** As whom root lets the servers run; undefined when this process is not root. */
  readonly user: string | undefined;
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

export interface SiteNeeds {
  /** The beginning of the folder's name. */
  readonly prefix: string;
  /** Debian's packages that bring the server. */
  readonly packages: readonly string[];
  /** As whom the servers shall run when this process is root. */
  readonly user: string;
}

/**
 * A folder for servers of this machine's MariaDB or MySQL; installs it when there is none and this process may.
 *
 * @throws Error naming what to install.
 */
export async function openSite({ prefix, packages, user }: SiteNeeds): Promise<ServerSite> {
  const path = await requireInstalled("a MariaDB or MySQL server", packages, () => findProgram("mariadbd", "mysqld"));
  const kind = (await run(path, ["--version"])).includes("MariaDB") ? "mariadb" : "mysql";
  const { path: folder, remove } = createPrivateFolder(prefix);
  const isRoot = process.getuid?.() === 0;
  if (isRoot && user !== "root") {
    await run("chown", [`${user}:`, folder]);
  }
  const password = randomBytes(16).toString("hex");
  return { program: { path, kind }, folder, password, user: isRoot ? user : undefined, remove };
}

/** Creates an empty data directory, `<folder>/<name>`. */
export async function createEmptyDirectory(site: ServerSite, name: string): Promise<void> {
  const path = join(site.folder, name);
  mkdirSync(path, { mode: 0o700 });
  if (site.user !== undefined) {
    await run("chown", [`${site.user}:`, path]);
  }
}

/** Creates the data directory `<folder>/<name>`, in which `zsc` is the only account that can log in. */
export async function createDataDirectory(site: ServerSite, name: string): Promise<void> {
  const accounts = join(site.folder, "accounts.sql");
  writeFileSync(accounts, accountStatements(site), { mode: 0o600 });
  try {
    if (site.program.kind === "mysql") {
      await run(site.program.path, [...dataArgs(site, name), "--initialize-insecure", `--init-file=${accounts}`]);
    } else {
      const install = findProgram("mariadb-install-db", "mysql_install_db");
      if (install === undefined) {
        throw new Error("mariadb-install-db is missing beside the MariaDB server: install it");
      }
      const args = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
      await installData(join(site.folder, name), () =>
        run(install, [...dataArgs(site, name), ...args, `--extra-file=${accounts}`]),
      );
    }
  } finally {
    rmSync(accounts);
  }
}

const installAttempts = 3;

/** Debian's script fails now and then on a busy machine, with nothing wrong with what it was given. */
async function installData(folder: string, install: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await install();
      return;
    } catch (error) {
      if (attempt === installAttempts) {
        throw error;
      }
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** A server over the data directory `<folder>/<name>`; it is not started yet. It is up once `isReady` answers true. */
export function createLocalServer(
  site: ServerSite,
  name: string,
  port: number,
  args: readonly string[],
  isReady: (url: string) => Promise<boolean> = answersQueries,
): LocalServer {
  const logFile = join(site.folder, `${name}.log`);
  // Of its own: a server that starts removes all temporary tables in its folder, those of running servers too.
  const temporary = `${name}.tmp`;
  const allArgs = [...serverArgs(site, name, port), `--tmpdir=${join(site.folder, temporary)}`, ...args];
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
      if (current?.hasExited() === false) {
        return;
      }
      if (!existsSync(join(site.folder, temporary))) {
        await createEmptyDirectory(site, temporary);
      }
      current = launchServer(site.program.path, [...allArgs, ...extraArgs], logFile);
      await untilReady(current, () => isReady(url()));
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

/** The arguments of every run of a server over `<folder>/<name>`. */
export function serverArgs(site: ServerSite, name: string, port: number): readonly string[] {
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

function dataArgs(site: ServerSite, name: string): readonly string[] {
  const user = site.user === undefined ? [] : [`--user=${site.user}`];
  return ["--no-defaults", `--datadir=${join(site.folder, name)}`, "--innodb-flush-log-at-trx-commit=1", ...user];
}

/** A throw of `isReady` means "not yet". */
async function untilReady(server: ServerProcess, isReady: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + readyWithinMs;
  let lastError: unknown;
  while (!server.hasExited() && Date.now() < giveUpAt) {
    try {
      if (await inTime(isReady(), lookWithinMs)) {
        return;
      }
    } catch (error) {
      lastError = error;
    }
    await sleep(50);
  }
  await server.end("SIGKILL");
  throw new Error(`the database server did not come up; its log ends:\n${server.logTail()}`, { cause: lastError });
}

async function inTime<T>(answer: Promise<T>, withinMs: number): Promise<T> {
  const waiting = new AbortController();
  const late = sleep(withinMs, undefined, { signal: waiting.signal }).then(() => {
    throw new Error(`no answer within ${withinMs} ms`);
  });
  return await Promise.race([answer, late]).finally(() => {
    waiting.abort();
    late.catch(() => undefined);
  });
}

async function answersQueries(url: string): Promise<boolean> {
  return (await queryText(url, "SELECT 1")).length === 1;
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
