import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { databaseUrl, queryText } from "../test/support/mysql-admin.ts";
import type { Tokens } from "./calls.ts";
import { fillVault, type VaultSize } from "./fill.ts";
import { type KeptMariaDb, openKeptMariaDb } from "./kept-mariadb.ts";
import { freshKeys, type Keys, mintTokens } from "./keys.ts";
import { bar, type Progress } from "./progress.ts";
import { removeSqlite, type Vault } from "./scene.ts";
import type { DatabaseKind } from "./stage.ts";

/** Large vaults, made once and kept from run to run in one folder. What is measured on them adds rows to them. */
export interface Shelf {
  readonly keys: Keys;
  readonly tokens: Tokens;
  /** The vault of this size; made when it is not there yet, which can take minutes. */
  vault(kind: DatabaseKind, size: VaultSize): Promise<Vault>;
  close(): Promise<void>;
}

export async function openShelf(folder: string, progress: Progress): Promise<Shelf> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keys = keptKeys(join(folder, "keys.json"));
  let mariadb: Promise<KeptMariaDb> | undefined;
  const place = async (kind: DatabaseKind, name: string): Promise<Vault> => {
    if (kind === "sqlite") {
      return { kind, url: `sqlite:${join(folder, `${name}.db`)}` };
    }
    mariadb ??= openKeptMariaDb(join(folder, "mariadb"));
    const { url, pid } = await mariadb;
    return { kind, url: databaseUrl(url, name), pid };
  };
  return {
    keys,
    tokens: await mintTokens(keys),
    async vault(kind, { secrets, reads }) {
      const name = `vault_${secrets}_${reads}`;
      const vault = await place(kind, name);
      const done = join(folder, `${kind}-${name}.done`);
      if (existsSync(done)) {
        return vault;
      }
      await empty(vault);
      progress.note(
        `making a vault of ${secrets.toLocaleString("en")} secrets and ${reads.toLocaleString("en")} reads, ${kind}`,
      );
      const onProgress = (rows: number, of: number) => progress.show(bar(rows, of));
      await fillVault({ secrets, reads, url: vault.url, masterKey: keys.masterKey, onProgress });
      writeFileSync(done, "");
      return vault;
    },
    async close() {
      await (await mariadb)?.stop();
    },
  };
}

/** Takes away what an earlier attempt left half done. */
async function empty({ kind, url }: Vault): Promise<void> {
  if (kind === "sqlite") {
    return removeSqlite(url);
  }
  const server = databaseUrl(url, "");
  const name = new URL(url).pathname.slice(1);
  await queryText(server, `DROP DATABASE IF EXISTS ${name}`);
  await queryText(server, `CREATE DATABASE ${name}`);
}

function keptKeys(path: string): Keys {
  if (!existsSync(path)) {
    writeFileSync(path, JSON.stringify(freshKeys()), { mode: 0o600 });
  }
  // Written by the line above.
  return JSON.parse(readFileSync(path, "utf8")) as Keys;
}
