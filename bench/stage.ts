import { join } from "node:path";
import { type MariaDb, openMariaDb } from "../test/support/mariadb.ts";
import { createPrivateFolder, type PrivateFolder } from "../test/support/server-process.ts";
import type { Tokens } from "./calls.ts";
import { freshKeys, type Keys, mintTokens } from "./keys.ts";
import { type Generator, startGenerator } from "./load/generator-process.ts";
import type { Options } from "./options.ts";
import type { Progress } from "./progress.ts";

export type DatabaseKind = "sqlite" | "mariadb";

/** What all sections of a run share. */
export interface Stage {
  readonly options: Options;
  readonly progress: Progress;
  readonly keys: Keys;
  readonly tokens: Tokens;
  readonly generator: Generator;
  /** A folder of this run for databases; gone with it. */
  readonly folder: string;
  /** Started when it is first asked for. */
  mariadb(): Promise<MariaDb>;
  /** As the database server names itself; undefined while none was asked for. */
  mysqlVersion(): string | undefined;
  close(): Promise<void>;
}

/** Beside the defaults of MariaDB: every commit is synced (the harness sees to that), and the larger vaults fit. */
export const mariadbArguments = ["--innodb-buffer-pool-size=1G"];

export async function openStage(options: Options, progress: Progress): Promise<Stage> {
  const folder: PrivateFolder = createPrivateFolder("zsc-bench-");
  const keys = freshKeys();
  const generator = startGenerator();
  let mariadb: Promise<MariaDb> | undefined;
  let version: string | undefined;
  return {
    options,
    progress,
    keys,
    tokens: await mintTokens(keys),
    generator,
    folder: folder.path,
    async mariadb() {
      mariadb ??= openMariaDb({ args: mariadbArguments });
      ({ version } = await mariadb);
      return await mariadb;
    },
    mysqlVersion: () => version,
    async close() {
      await generator.stop();
      await (await mariadb)?.dispose();
      folder.remove();
    },
  };
}

/** A place for a new SQLite database on a stage. */
export function sqlitePath(folder: string, name: string): string {
  return join(folder, `${name}.db`);
}
