import type { Denial, Snapshot } from "../../ledger/store.ts";
import { type Connection, guarded, type MysqlOptions, openConnection } from "./connection.ts";
import { auditRowOf, headOf, rowsAt, selectAudit, selectHead, selectSecret, textOf, vaultRowOf } from "./load.ts";

const pageRows = 2_000;

/** A consistent view on a connection of its own. */
export async function openMysqlSnapshot(options: MysqlOptions): Promise<Snapshot> {
  const connection = await openConnection(options, "ledger");
  return guarded(connection, async () => {
    await connection.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await connection.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    const head = headOf(rowsAt(await connection.run(selectHead), 0));
    return {
      head,
      rows: () => pages(connection, selectAudit, "seq", auditPage, (row) => row.seq),
      secrets: () => pages(connection, selectSecret, "s.name", secretPage, (row) => Buffer.from(row.name, "utf8")),
      denials: () => pages(connection, "SELECT seq, zid, zeqond FROM denial", "seq", denialPage, (row) => row.seq),
      async close() {
        connection.destroy();
      },
    };
  });
}

type Page<T> = (connection: Connection, sql: string, values: readonly unknown[]) => Promise<readonly T[]>;

/** Pages by key, so that memory stays flat however long the table is. `key` is a column of ours, never input. */
async function* pages<T>(
  connection: Connection,
  select: string,
  key: string,
  page: Page<T>,
  keyOf: (row: T) => unknown,
): AsyncIterable<readonly T[]> {
  const ask = (where: string, values: readonly unknown[]) =>
    guarded(connection, () => page(connection, `${select} ${where} ORDER BY ${key} LIMIT ?`, [...values, pageRows]));
  let rows = await ask("", []);
  for (;;) {
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    rows = await ask(`WHERE ${key} > ?`, [keyOf(last)]);
  }
}

const auditPage: Page<ReturnType<typeof auditRowOf>> = async (connection, sql, values) =>
  (await connection.rows(sql, values)).map(auditRowOf);

const secretPage: Page<ReturnType<typeof vaultRowOf>> = async (connection, sql, values) =>
  rowsAt(await connection.run(sql, values), 0).map(vaultRowOf);

const denialPage: Page<Denial> = async (connection, sql, values) =>
  (await connection.rows(sql, values)).map(([seq, zid, zeqond]) => ({
    seq: Number(seq),
    zid: textOf(zid),
    zeqond: Number(zeqond),
  }));
