import { availableParallelism } from "node:os";
import Database from "better-sqlite3";
import type { RunResult } from "./results.ts";
import type { Stage } from "./stage.ts";

/** What a reader must know to judge the figures. */
export function describeEnvironment({ mysqlVersion, options }: Stage): RunResult["environment"] {
  const version = mysqlVersion();
  return {
    Node: process.version.slice(1),
    cores: availableParallelism(),
    SQLite: sqliteVersion(),
    ...(version === undefined ? {} : nameAndNumber(version)),
    rounds: options.rounds,
    "seconds a load": options.seconds,
  };
}

/** From how the server names itself, for example `10.11.19-MariaDB-0+deb12u1`. */
function nameAndNumber(version: string): RunResult["environment"] {
  return { [version.includes("MariaDB") ? "MariaDB" : "MySQL"]: version.split("-")[0] ?? version };
}

function sqliteVersion(): string {
  const database = new Database(":memory:");
  try {
    return String(database.prepare("SELECT sqlite_version()").pluck().get());
  } finally {
    database.close();
  }
}
