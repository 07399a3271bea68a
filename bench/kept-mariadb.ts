import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDataDirectory, createLocalServer, type ServerSite } from "../test/support/mysql-server.ts";
import { findProgram, run } from "../test/support/programs.ts";
import { findFreePort } from "../test/support/server-process.ts";

/** A private MariaDB on loopback whose data outlives it. */
export interface KeptMariaDb {
  /** Without a database. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The large vaults and their indexes shall fit, as an operator of such a vault would see to. */
const serverArguments = ["--innodb-buffer-pool-size=2G", "--innodb-log-file-size=1G"];

/** Starts the server over `folder`, which it fills when it is new. @throws Error when no server is installed */
export async function openKeptMariaDb(folder: string): Promise<KeptMariaDb> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const site = await siteIn(folder);
  const made = join(folder, "made");
  if (!existsSync(made)) {
    rmSync(join(folder, "data"), { recursive: true, force: true });
    await createDataDirectory(site, "data");
    writeFileSync(made, "");
  }
  const server = createLocalServer(site, "data", await findFreePort(), serverArguments);
  await server.start();
  const { pid } = server;
  if (pid === undefined) {
    throw new Error("the database server has ended");
  }
  return { url: server.url(), pid, stop: server.stop };
}

async function siteIn(folder: string): Promise<ServerSite> {
  const path = findProgram("mariadbd", "mysqld");
  if (path === undefined) {
    throw new Error("the large vaults need a MariaDB or MySQL server: install mariadb-server");
  }
  const kind = (await run(path, ["--version"])).includes("MariaDB") ? "mariadb" : "mysql";
  const user = process.getuid?.() === 0 ? "root" : undefined;
  return {
    program: { path, kind },
    folder,
    password: keptPassword(join(folder, "password")),
    user,
    remove: () => undefined,
  };
}

function keptPassword(path: string): string {
  if (!existsSync(path)) {
    writeFileSync(path, randomBytes(16).toString("hex"), { mode: 0o600 });
  }
  return readFileSync(path, "utf8");
}
