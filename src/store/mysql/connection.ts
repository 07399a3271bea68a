import { connect, isIP } from "node:net";
import { createConnection, type FieldPacket, type ResultSetHeader } from "mysql2/promise";
import { OperatorError, type Plaintext } from "../../base/index.ts";
import { StoreFailure } from "../../ledger/index.ts";
import { failureOf, type Stage } from "./failures.ts";
import { bind } from "./literals.ts";
import { finishSession, firstStatements, packetBytesOf, showVariables, type Use } from "./session.ts";

/** How to reach the database. */
export interface MysqlOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Plaintext;
  readonly database: string;
  /** TLS to the database, its certificate and host name checked; `ca` in PEM replaces the system's authorities. */
  readonly tls?: { readonly ca?: string };
}

/** A row as an array of its columns. */
export type Row = unknown[];

/** The results of a packet of several statements, one for each. */
export type Results = readonly (ResultSetHeader | Row[])[];

/** Everything on it fails with a `StoreFailure` and with nothing else. */
export interface Connection {
  /** Runs statements in one packet; `values` take the places of the `?` in all of them, as literals made on this side. */
  run(statements: string | readonly string[], values?: readonly unknown[]): Promise<Results>;
  /** The rows of one statement, as arrays of columns. */
  rows(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Sends COMMIT alone in its packet, so that its answer implies the success of everything before it. */
  commit(): Promise<void>;
  /** A round trip that opens no transaction. */
  ping(): Promise<void>;
  /** From here on all answers together must come within `ms`; until it is first called, each has 15 s. */
  limit(ms: number): void;
  /** Breaks the connection; the server rolls back what was open. */
  destroy(): void;
  end(): Promise<void>;
  readonly broken: boolean;
  /** How many bytes the statements of one packet may have. */
  readonly maxPacketBytes: number;
  /** Whether the database is a node of a Galera cluster. */
  readonly isClustered: boolean;
}

/** For connecting, logging in and preparing the session together. */
const connectTimeoutMs = 3_000;
/** Longer than one wait for the migration lock. After it, the database counts as unavailable. */
const answerTimeoutMs = 15_000;
/** Firewalls drop idle connections silently, without telling either side. */
const keepAliveAfterMs = 10_000;

/**
 * A session's locks are a lease: the database ends a session that is silent for this long because its client is frozen or
 * cut off. Only MariaDB reads the comment; a proxy may handle `wait_timeout` in its own way.
 */
function lease(seconds: number): string {
  const timeouts = ["wait_timeout", "net_read_timeout", "net_write_timeout"].map(
    (name) => `SESSION ${name} = ${seconds}`,
  );
  return `SET ${timeouts.join(", ")} /*M!100300 , SESSION idle_transaction_timeout = ${seconds} */`;
}

/** Far above `pingEveryMs` of an idle line. */
const silentSeconds = 10;
/** Verification may be busy with what it has read. It locks no rows, but no table can be altered meanwhile. */
const silentSnapshotSeconds = 600;

/** The part of a packet that is not statements: its header, and room for what a proxy adds. */
const packetOverheadBytes = 1_024;

const session = [
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
  // Several waits fit into the timeout of a batch (sequencer).
  "SET SESSION innodb_lock_wait_timeout = 3",
];

const ofUse: Readonly<Record<Use, readonly string[]>> = {
  ledger: [lease(silentSeconds), "SET SESSION autocommit = 0"],
  reader: [lease(silentSeconds), "SET SESSION autocommit = 1"],
  migration: [lease(silentSeconds), "SET SESSION autocommit = 0"],
  snapshot: [lease(silentSnapshotSeconds), "SET SESSION autocommit = 0"],
};

export async function openConnection(options: MysqlOptions, use: Use): Promise<Connection> {
  const { host, port, user, password, database, tls } = options;
  refuseUncheckedHost(options);
  const startedMs = performance.now();
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveAfterMs });
  const connecting = createConnection({
    host,
    port,
    user,
    password: password.text(),
    database,
    charset: "utf8mb4",
    // mysql2 would encode statements in whatever character set the server says that the session has.
    flags: ["-SESSION_TRACK"],
    // Values are already substituted: mysql2 would search each statement for placeholders.
    queryFormat: (sql: string) => sql,
    multipleStatements: true,
    supportBigNumbers: true,
    connectTimeout: connectTimeoutMs,
    stream: socket,
    // A stack trace for each query, kept for its error, costs more than the rest of sending it.
    trace: false,
    ...(tls === undefined ? {} : { ssl: { minVersion: "TLSv1.2", verifyIdentity: true, ...tls } }),
  });
  const raw = await translated(connecting);
  if ("connection" in raw && typeof raw.connection === "object" && raw.connection !== null) {
    // mysql2 decodes the server's info messages, which are unused here, and does not know every character set.
    Object.assign(raw.connection, { serverEncoding: "latin1" });
  }
  let broken = false;
  // Without a listener an idle connection that dies would end the process.
  raw.on("error", () => {
    broken = true;
  });
  raw.on("end", () => {
    broken = true;
  });
  let answersByMs: number | undefined = startedMs + connectTimeoutMs;
  const msLeft = () => (answersByMs === undefined ? answerTimeoutMs : Math.max(1, answersByMs - performance.now()));
  // Until the server has told its limit.
  let maxPacketBytes = 4_096;
  let isClustered = false;
  const checked = (sql: string): string => {
    if (sql.length > maxPacketBytes) {
      const wanted = sql.length + packetOverheadBytes;
      throw new StoreFailure(
        "unavailable",
        `the database needs max_allowed_packet = ${wanted} at least for this batch`,
      );
    }
    return sql;
  };
  const connection: Connection = {
    get broken() {
      return broken;
    },
    get maxPacketBytes() {
      return maxPacketBytes;
    },
    get isClustered() {
      return isClustered;
    },
    async run(statements, values = []) {
      const list = typeof statements === "string" ? [statements] : statements;
      const sql = list.join("; ");
      const text = checked(values.length === 0 ? sql : bind(sql, values));
      const query: Promise<[unknown, FieldPacket[]]> = raw.query({ sql: text, rowsAsArray: true });
      const [results] = await answered(query, msLeft());
      // mysql2 gives one statement its result, and several an array of theirs.
      return (list.length === 1 ? [results] : results) as Results;
    },
    async rows(text, values = []) {
      const sql = checked(values.length === 0 ? text : bind(text, values));
      const query: Promise<[unknown, FieldPacket[]]> = raw.query({ sql, rowsAsArray: true });
      return (await answered(query, msLeft()))[0] as Row[];
    },
    async commit() {
      await answered(raw.query("COMMIT"), msLeft(), "commit");
    },
    async ping() {
      await answered(raw.ping(), msLeft());
    },
    limit(ms) {
      answersByMs = performance.now() + ms;
    },
    destroy() {
      broken = true;
      raw.destroy();
      // The driver sends COM_QUIT and waits for the peer, which may have vanished.
      socket.destroy();
    },
    end: () => answered(raw.end(), msLeft()),
  };
  await guarded(connection, async () => {
    const results = await connection.run([...firstStatements, ...ofUse[use], ...session, showVariables]);
    const shown = variablesOf(results.at(-1));
    maxPacketBytes = packetBytesOf(shown) - packetOverheadBytes;
    isClustered = shown.get("wsrep_on") === "ON";
    await finishSession(connection, { use, database, shown });
  });
  answersByMs = undefined;
  return connection;
}

function variablesOf(rows: Results[number] | undefined): ReadonlyMap<string, string> {
  const list = Array.isArray(rows) ? rows : [];
  return new Map(list.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}

/** mysql2 compares the certificate of a server that is reached by its address with `localhost`, whatever the address. */
function refuseUncheckedHost({ host, tls }: MysqlOptions): void {
  if (tls === undefined || isIP(host) === 0) {
    return;
  }
  throw new OperatorError(
    "The database is to be reached over TLS, so its host must be the name in its certificate and not an IP address.",
  );
}

/** Runs work on a connection that does not survive a failure. */
export async function guarded<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** Rejects on timeout. mysql2's own timeout leaks its timer when a connection breaks. */
async function answered<T>(query: Promise<T>, withinMs: number, stage: Stage = "work"): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    // mysql2 never settles the query of a destroyed connection: without `unref` its timer would keep a command running.
    timer = setTimeout(() => reject(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })), withinMs).unref();
  });
  return await translated(Promise.race([query, late]), stage).finally(() => clearTimeout(timer));
}

async function translated<T>(answer: Promise<T>, stage: Stage = "work"): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw failureOf(error, stage);
  }
}
