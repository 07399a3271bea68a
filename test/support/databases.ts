import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFreshDatabase, dropDatabase } from "./mysql-admin.ts";
import { sharedServerVariable } from "./shared-server.ts";

export { dropDatabase } from "./mysql-admin.ts";

export interface FreshSqlite {
  /** `sqlite:` and the full path of a file that does not exist yet. */
  readonly url: string;
  /** The folder that holds the file and nothing else. */
  readonly dir: string;
}

/** A fresh, empty database on the MariaDB of this test run. Drop it with `dropDatabase` or `cleanUpDatabases`. */
export async function freshMysqlUrl(): Promise<string> {
  const url = await createFreshDatabase(sharedServerUrl());
  databases.add(url);
  return url;
}

/** A place for a SQLite database of its own. Remove it with `removeDirectory` or `cleanUpDatabases`. */
export async function freshSqliteUrl(): Promise<FreshSqlite> {
  const dir = await mkdtemp(join(tmpdir(), "zsc-sqlite-"));
  directories.add(dir);
  return { url: `sqlite:${join(dir, "zsc.db")}`, dir };
}

export async function removeDirectory(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
}

/** Drops and removes all that this suite got here; for `afterAll`, once everything that uses it is closed. */
export async function cleanUpDatabases(): Promise<void> {
  await Promise.all([...[...databases].map(dropDatabase), ...[...directories].map(removeDirectory)]);
  databases.clear();
  directories.clear();
}

const databases = new Set<string>();
const directories = new Set<string>();

function sharedServerUrl(): string {
  const url = process.env[sharedServerVariable];
  if (url === undefined || url === "") {
    throw new Error(`${sharedServerVariable} is not set: jest's global setup starts the server and sets it`);
  }
  return url;
}
