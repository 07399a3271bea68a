import { StoreFailure } from "../../ledger/index.ts";
import { bind } from "./literals.ts";

// Whatever the configuration file, `init_connect`, the account or a proxy sets: what a statement means, and what it
// returns, is decided here. docs/operations.md lists these settings for operators.

/**
 * A `ledger` connection commits only when told to: a statement that runs on its own after a swallowed rollback must
 * not commit itself (Galera). A `reader` leaves no transaction behind. A `migration` meets any schema or none. A `snapshot`
 * may only read, and may pause.
 */
export type Use = "ledger" | "reader" | "migration" | "snapshot";

/** What is needed of a connection to prepare its session. */
interface Session {
  run(statements: readonly string[], values?: readonly unknown[]): Promise<readonly unknown[]>;
  rows(sql: string, values: readonly unknown[]): Promise<readonly unknown[][]>;
}

/** Run first, in this order. Valid under every server setting: quotes only surround letters. */
export const firstStatements: readonly string[] = [
  "SET NAMES utf8mb4",
  // Backslash escapes stay on, which nothing relies on; bad data is an error, never mended.
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
  // Otherwise the ROLLBACK might begin another transaction, or end the connection.
  "SET SESSION completion_type = 0",
  // `init_connect` may have begun a transaction, or have set what the next one is.
  "ROLLBACK",
  "UNLOCK TABLES",
  // Literals are not converted to the character set of their column, which would be a fifth of the cost of an insert.
  "SET SESSION character_set_connection = 'binary'",
  // Not DEFAULT, which is the server's setting. Only MariaDB has this time limit: others read a comment.
  "SET SESSION /*M! max_statement_time = 0, */ sql_select_limit = 18446744073709551615, sql_big_selects = 1",
  "SET SESSION TRANSACTION READ WRITE",
];

/** Set only where the server has the variable and its value differs, so that no privilege is needed otherwise. */
const fixedVariables: Readonly<Record<string, string>> = {
  alter_algorithm: "DEFAULT",
  foreign_key_checks: "ON",
  lock_wait_timeout: "10",
  max_execution_time: "0",
  // A shorter sort length leaves names with a common beginning in any order, and pages by name would miss some.
  max_sort_length: "1024",
  // A cached answer may be older than the chain.
  query_cache_type: "OFF",
  skip_replication: "OFF",
  sql_auto_is_null: "OFF",
  sql_if_exists: "OFF",
  sql_log_bin: "ON",
  sql_safe_updates: "OFF",
  unique_checks: "ON",
  // A Galera node without quorum would serve stale data; RSU would alter the tables of one node only.
  wsrep_dirty_reads: "OFF",
  wsrep_osu_method: "TOI",
};

/** Raised where they are smaller: a list in the order of its counters is sorted in memory, up to some 200,000 records. */
const leastVariables: Readonly<Record<string, number>> = {
  max_heap_table_size: 67_108_864,
  tmp_table_size: 67_108_864,
};

const readVariables: Readonly<Record<string, string>> = {
  ...fixedVariables,
  // Reads beside the chain on a Galera node wait for what other nodes have committed.
  wsrep_sync_wait: "1",
};

/** The minimum that fits the largest row: 1,000 permissions of 128 bytes and a value of 64 KiB, written as hex. */
const leastPacketBytes = 1_048_576;

/** Asks for the variables that are not set yet, for the largest packet, and whether this is a node of a cluster. */
export const showVariables = bind("SHOW SESSION VARIABLES WHERE Variable_name IN (?)", [
  [...Object.keys(readVariables), ...Object.keys(leastVariables), "max_allowed_packet", "wsrep_on"],
]);

/**
 * Sets the variables that differ from the required ones, and proves that text is stored and returned byte for byte; a
 * connection that writes proves it by writing.
 *
 * @param shown the variables of the session, by their names in lower case
 */
export async function finishSession(
  connection: Session,
  { use, database, shown }: { use: Use; database: string; shown: ReadonlyMap<string, string> },
): Promise<void> {
  const isReader = use === "reader" || use === "snapshot";
  const wanted = Object.entries(isReader ? readVariables : fixedVariables);
  const least = Object.entries(isReader ? leastVariables : {}).map(([name, value]) => [name, String(value)] as const);
  const differing = [
    ...wanted.filter(([name, value]) => shown.has(name) && shown.get(name) !== value),
    ...least.filter(([name, value]) => Number(shown.get(name)) < Number(value)),
  ];
  await connection.run([
    // `init_connect` may have selected another database.
    `USE \`${database.replaceAll("`", "``")}\``,
    ...differing.map(([name, value]) => `SET SESSION ${name} = ${/^[0-9.]+$/.test(value) ? value : `'${value}'`}`),
  ]);
  await (use === "ledger" ? proveWriting(connection) : proveAnswers(connection));
}

/** How many bytes a packet may have. */
export function packetBytesOf(shown: ReadonlyMap<string, string>): number {
  const bytes = Number(shown.get("max_allowed_packet"));
  if (bytes >= leastPacketBytes) {
    return bytes;
  }
  throw new StoreFailure(
    "unavailable",
    `the database takes packets of ${bytes} bytes only: set its max_allowed_packet to ${leastPacketBytes} or more, better 16M`,
  );
}

const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 0x20 + index));

/** Text that other encodings replace, truncate, double or escape: control characters, quotes, a backslash, every plane. */
const planes = String.fromCodePoint(
  ...[0, 8, 9, 10, 13, 0x1a, 0x22, 0x27, 0x5c, 0x60, 0x7f, 0x80, 0xa5, 0xff, 0x5_5c, 0x7ff, 0x800, 0xfeff, 0xffff],
  ...Array.from({ length: 16 }, (_, plane) => (plane + 1) * 0x1_0000 + 0x5c5c),
);

const probes: readonly string[] = ["plain", printable, planes];

/** Ids in `key_check` that nothing else uses. Chosen at random, so that servers that start together do not collide. */
const probeIds = 250;

/** Proves by a query without a table that text is returned byte for byte. */
async function proveAnswers(connection: Session): Promise<void> {
  const [columns] = await connection.rows("SELECT ?, ?, ?", probes);
  refuseOtherBytes(columns ?? []);
}

/** Proves the same by writing to a table, and rolls back. Needs the current schema. */
export async function proveWriting(connection: Session): Promise<void> {
  const firstId = 2 + Math.floor(Math.random() * (probeIds - probes.length));
  const results = await connection.run(
    [
      "START TRANSACTION",
      `INSERT INTO key_check (id, sealed) VALUES ${probes.map(() => "(?, ?)").join(", ")}`,
      "SELECT sealed FROM key_check WHERE id BETWEEN ? AND ? ORDER BY id",
      "ROLLBACK",
    ],
    [...probes.flatMap((text, index) => [firstId + index, text]), firstId, firstId + probes.length - 1],
  );
  const rows = results[2];
  refuseOtherBytes(Array.isArray(rows) ? rows.map(([sealed]) => sealed) : []);
}

function refuseOtherBytes(seen: readonly unknown[]): void {
  const same = probes.every((text, index) => {
    const bytes = seen[index];
    return Buffer.isBuffer(bytes) && bytes.equals(Buffer.from(text, "utf8"));
  });
  if (!same) {
    throw new StoreFailure(
      "unavailable",
      "the database does not give back the bytes that are written to it: a proxy, a plug-in or an altered table converts text; connect without it",
    );
  }
}
