import type { TokenRole } from "../../../src/base/principal.ts";
import { cleanUpDatabases, freshMysqlUrl, freshSqliteUrl } from "../../support/databases.ts";
import { queryText } from "../../support/mysql-admin.ts";
import { sqliteText } from "../../support/places.ts";
import { type HttpClient, http1Client, type Send } from "./http.ts";
import { freshKeys, type Keys, tokenOf } from "./tokens.ts";
import { type Environment, type Finished, runZsc, startZsc, type ZscProcess } from "./zsc-process.ts";

export type DatabaseKind = "SQLite" | "MariaDB";

export const databaseKinds: readonly DatabaseKind[] = ["SQLite", "MariaDB"];

export const admin = "ZEQ-ADMIN-1";

export interface VaultOptions {
  readonly database?: DatabaseKind;
  /** Where the database is, when it is not one of the run's own. */
  readonly databaseUrl?: string;
  readonly keys?: Keys;
  /** Settings beside keys, database and address. */
  readonly env?: Environment;
}

/** A vault in production mode: its server as a process of its own, and every way to it. */
export interface Vault extends Keys {
  readonly databaseUrl: string;
  readonly env: Environment;
  readonly process: ZscProcess;
  readonly host: string;
  readonly port: number;
  /** A token of the vault's own issuer. */
  token(role: TokenRole, zid: string, ttlMs?: number): Promise<string>;
  /** A request as `admin`, over HTTP/1.1, unless it brings a token itself. */
  readonly send: Send;
  /** The same without any token. */
  readonly sendBare: Send;
  /** Starts a server again over the same data; the one before must have ended. */
  start(env?: Environment): Promise<void>;
  /** SIGTERM, and start again. */
  restart(): Promise<void>;
  /** Runs one statement beside the server. */
  sql(statement: string): Promise<readonly (readonly string[])[]>;
  /** `zsc audit verify`, beside the server or without it. */
  verify(): Promise<Finished>;
  close(): Promise<void>;
}

export async function openVault(options: VaultOptions = {}): Promise<Vault> {
  const databaseUrl = options.databaseUrl ?? (await freshUrl(options.database ?? "SQLite"));
  const keys = options.keys ?? freshKeys();
  const env = {
    ZSC_MODE: "production",
    ZSC_LISTEN: "127.0.0.1:0",
    ZSC_DATABASE_URL: databaseUrl,
    ZSC_MASTER_KEY: keys.masterKey,
    ZSC_JWT_SECRET: keys.jwtSecret,
    // Some tests leave requests behind that never end.
    ZSC_SHUTDOWN_SECONDS: "1",
    ...options.env,
  };
  const adminToken = await tokenOf(keys.jwtSecret, "admin", admin);
  let server = await startServer(env);
  const vault: Vault = {
    ...keys,
    databaseUrl,
    env,
    get process() {
      return server.process;
    },
    get host() {
      return server.host;
    },
    get port() {
      return server.port;
    },
    token: (role, zid, ttlMs) => tokenOf(keys.jwtSecret, role, zid, ttlMs),
    send: (method, path, sent = {}) => server.http.send(method, path, { token: adminToken, ...sent }),
    sendBare: (method, path, sent) => server.http.send(method, path, sent),
    async start(more = {}) {
      server.http.close();
      server = await startServer({ ...env, ...more });
    },
    async restart() {
      await server.process.end();
      await vault.start();
    },
    sql: (statement) =>
      databaseUrl.startsWith("sqlite:")
        ? Promise.resolve(sqliteText(databaseUrl.slice("sqlite:".length), statement))
        : queryText(databaseUrl, statement),
    verify: () => runZsc(["audit", "verify"], { ZSC_DATABASE_URL: databaseUrl }),
    async close() {
      open.delete(vault);
      server.http.close();
      await server.process.end();
    },
  };
  open.add(vault);
  return vault;
}

const open = new Set<Vault>();

/** Closes every vault of this file, also those of tests that have failed, and drops their databases; for `afterAll`. */
export async function closeVaults(): Promise<void> {
  await Promise.all([...open].map((vault) => vault.close()));
  await cleanUpDatabases();
}

async function freshUrl(kind: DatabaseKind): Promise<string> {
  return kind === "MariaDB" ? await freshMysqlUrl() : (await freshSqliteUrl()).url;
}

interface Server {
  readonly process: ZscProcess;
  readonly host: string;
  readonly port: number;
  readonly http: HttpClient;
}

async function startServer(env: Environment): Promise<Server> {
  const process = startZsc(["serve"], env);
  const { address = "" } = await process.logged("listening");
  const { hostname: host, port } = new URL(`http://${address}`);
  return { process, host, port: Number(port), http: http1Client(host, Number(port), undefined) };
}
