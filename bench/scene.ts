import { rmSync } from "node:fs";
import { join } from "node:path";
import { dropDatabase } from "../test/support/mysql-admin.ts";
import { type Child, startTalking } from "./child.ts";
import type { EchoKind } from "./echo-kinds.ts";
import { fillVault, type VaultSize } from "./fill.ts";
import type { Target } from "./measure.ts";
import { bar } from "./progress.ts";
import { type DatabaseKind, type Stage, sqlitePath } from "./stage.ts";
import { startZsc, type ZscOptions } from "./zsc-server.ts";

/** One database with secrets in it. */
export interface Vault {
  readonly kind: DatabaseKind;
  readonly url: string;
  /** The database's own process, if it has one. */
  readonly pid?: number;
}

/** The servers and vaults of one section. They end with it, so that sections do not meet each other's leftovers. */
export interface Scene {
  /** A new vault; a thousand secrets and no reads unless told otherwise. */
  vault(kind: DatabaseKind, size?: VaultSize): Promise<Vault>;
  /** A database in which the first server makes the vault. */
  bareVault(kind: DatabaseKind): Promise<Vault>;
  /** The vault's server, as it is shipped unless told otherwise. */
  zsc(vault: Vault, options?: Pick<ZscOptions, "logLevel" | "commits" | "program" | "rateLimit">): Promise<Target>;
  /** Asked twice for the same echo, it answers the same. */
  echo(kind: EchoKind): Promise<Target>;
  /** An echo that makes a bare commit in the vault's database before each answer. */
  committingEcho(vault: Vault): Promise<Target>;
}

export const usualSize: VaultSize = { secrets: 1_000, reads: 0 };

/** The numbers of all secrets of a vault of the usual size. */
export const usualNumbers: readonly number[] = Array.from({ length: usualSize.secrets }, (_, number) => number);

let vaultCount = 0;

/** Runs `work` on a scene of its own and clears it away. */
export async function onScene<T>(stage: Stage, work: (scene: Scene) => Promise<T>): Promise<T> {
  const children: Child[] = [];
  const vaults: Vault[] = [];
  const echoes = new Map<EchoKind, Promise<Target>>();
  const scene: Scene = {
    async bareVault(kind) {
      const vault = await emptyVault(stage, kind);
      vaults.push(vault);
      return vault;
    },
    async vault(kind, size = usualSize) {
      const vault = await scene.bareVault(kind);
      const onProgress = (rows: number, of: number) => stage.progress.show(`filling a vault: ${bar(rows, of)}`);
      await fillVault({ ...size, url: vault.url, masterKey: stage.keys.masterKey, onProgress });
      return vault;
    },
    async zsc({ url, pid }, options = {}) {
      const server = await startZsc({ url, keys: stage.keys, ...options });
      children.push(server);
      return { ports: [server.port], pids: [server.pid], ...(pid === undefined ? {} : { databasePid: pid }) };
    },
    echo(kind) {
      const echo = echoes.get(kind) ?? startEcho(children, kind);
      echoes.set(kind, echo);
      return echo;
    },
    committingEcho: ({ url }) => startEcho(children, "fast", url),
  };
  try {
    return await work(scene);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    await Promise.all(vaults.map(removeVault));
  }
}

async function startEcho(children: Child[], kind: EchoKind, ...database: readonly string[]): Promise<Target> {
  const child = startTalking(join(import.meta.dirname, "echo-server.ts"), kind, ...database);
  children.push(child);
  // Written by our own server.
  const { port } = JSON.parse(await child.ask()) as { readonly port: number };
  return { ports: [port], pids: [child.pid] };
}

async function removeVault({ kind, url }: Vault): Promise<void> {
  if (kind === "sqlite") {
    removeSqlite(url);
  } else {
    await dropDatabase(url);
  }
}

/** Removes the file behind a `sqlite:` url, and those that SQLite keeps beside it. */
export function removeSqlite(url: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(url.slice("sqlite:".length) + suffix, { force: true });
  }
}

async function emptyVault(stage: Stage, kind: DatabaseKind): Promise<Vault> {
  if (kind === "sqlite") {
    return { kind, url: `sqlite:${sqlitePath(stage.folder, `vault-${++vaultCount}`)}` };
  }
  const mariadb = await stage.mariadb();
  const url = await mariadb.createDatabase();
  return { kind, url, ...(mariadb.pid === undefined ? {} : { pid: mariadb.pid }) };
}

export const databaseTitles: Readonly<Record<DatabaseKind, string>> = { sqlite: "SQLite", mariadb: "MariaDB" };
export const databaseKinds: readonly DatabaseKind[] = ["sqlite", "mariadb"];
