import fc from "fast-check";
import type { AuditRow } from "../../src/ledger/row.ts";
import type { Store } from "../../src/ledger/store.ts";
import { openConnection } from "../../src/store/mysql/connection.ts";
import { openMysqlSnapshot } from "../../src/store/mysql/snapshot.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import {
  auditRows,
  collect,
  dueSecrets,
  emptyHead,
  listSecrets,
  load,
  rowAfter,
  secretNamed,
  secretRows,
  startZeqond,
  write,
} from "../support/ledger.ts";
import { type MariaDb, openMariaDb } from "../support/mariadb.ts";
import { createAccount, queryText } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";
import { hostileNames } from "./contract-texts.ts";

let server: MariaDb;

beforeAll(async () => {
  server = await openMariaDb();
});
afterAll(() => server?.dispose());

/** `init_connect` is not carried out for accounts that may do everything, such as the one that the harness has. */
async function ordinaryOptions(collation = "") {
  const url = await server.createDatabase();
  const database = new URL(url).pathname.slice(1);
  await queryText(url, `ALTER DATABASE ${database} ${collation || "COLLATE utf8mb4_general_ci"}`);
  return mysqlOptionsOf(await createAccount(url, [`ALL ON ${database}.*`]));
}

/** Every way of a store to read and to write, with texts that other settings would change. */
async function expectExact(options: Awaited<ReturnType<typeof ordinaryOptions>>): Promise<void> {
  const [store, other] = [await openMysqlStore(options, tables), await openMysqlStore(options, tables)];
  // The same for the first 64 bytes and more: an order by a part of the name would mix them.
  const alike = Array.from({ length: 5 }, (_, index) => `${"n".repeat(200)}${4 - index}`);
  const secrets = [...hostileNames, ...alike].map((name) =>
    secretNamed(name, { sealedValue: Buffer.from(name), expiresZeqond: startZeqond }),
  );
  const names = secrets.map(({ name }) => name);
  const byName = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const payloadJson = JSON.stringify({ hostileNames });
  const first = await write(store, (head) => ({
    rows: [rowAfter(head, { payloadJson, actorZid: "🔑\\' OR 1" })],
    inserts: secrets,
    denials: [{ seq: 1, zid: "\\' OR 1", zeqond: 5 }],
  }));
  const [changed] = secrets;
  if (changed === undefined) {
    throw new Error("no secret");
  }
  const updated = { ...changed, version: 2, purposeTag: "é🔑" };
  const second = await write(store, () => ({ updates: [{ secret: updated, fromVersion: 1 }] }));
  const seen = await load(other, { secrets: names, denials: ["\\' OR 1"] });
  expect(seen.head).toEqual(second.to);
  expect(seen.secrets).toEqual(new Map([updated, ...secrets.slice(1)].map((secret) => [secret.name, secret])));
  expect([...seen.denials]).toEqual([["\\' OR 1", [5]]]);
  expect(await listed(other)).toEqual(byName);
  expect(await pagesOf(other)).toEqual(byName);
  const rows = [...first.rows, ...second.rows];
  expect(await newestRows(other, 5)).toEqual([...rows].reverse());
  const snapshot = await openMysqlSnapshot(options);
  expect(await collect(snapshot.rows())).toEqual(rows);
  expect((await secretRows(snapshot)).map(({ name }) => name)).toEqual(byName);
  let inBlocks = 0;
  for await (const block of snapshot.blocks()) {
    inBlocks += block.count;
  }
  expect(inBlocks).toBe(rows.length);
  await snapshot.close();
  await write(store, () => ({ deletes: [updated] }));
  expect((await load(other, { secrets: [updated.name] })).secrets.size).toBe(0);
  expect(Buffer.from(await store.initKeyCheck(Buffer.from("key'\\")))).toEqual(Buffer.from("key'\\"));
  await Promise.all([store.close(), other.close()]);
}

async function listed(store: Store): Promise<readonly string[]> {
  return (await listSecrets(store, null, 1_000, emptyHead)).map(({ name }) => name);
}

function newestRows(store: Store, limit: number): Promise<readonly AuditRow[]> {
  return auditRows(store, "zsc:a", limit, emptyHead);
}

/** The names of what is due, as the daemon asks for them: page by page. */
async function pagesOf(store: Store): Promise<readonly string[]> {
  const names: string[] = [];
  for (;;) {
    const page = await dueSecrets(store, startZeqond, names.at(-1) ?? null, 3);
    if (page.length === 0) {
      return names;
    }
    names.push(...page);
  }
}

async function whileSet(setting: string, value: string, work: () => Promise<void>): Promise<void> {
  await queryText(server.url(), `SET GLOBAL ${setting} = ${value}`);
  try {
    await work();
  } finally {
    await queryText(server.url(), `SET GLOBAL ${setting} = DEFAULT`);
  }
}

describe("nothing changes when the server's default is", () => {
  test.each([
    ["alter_algorithm", "'INSTANT'"],
    ["autocommit", "0"],
    ["big_tables", "1"],
    ["binlog_row_image", "'MINIMAL'"],
    ["character_set_filesystem", "'utf16'"],
    ["character_set_server", "'utf16'"],
    ["check_constraint_checks", "0"],
    ["collation_server", "'gbk_chinese_ci'"],
    ["completion_type", "'CHAIN'"],
    ["completion_type", "'RELEASE'"],
    ["default_storage_engine", "'MyISAM'"],
    ["default_week_format", "3"],
    ["div_precision_increment", "0"],
    ["explicit_defaults_for_timestamp", "0"],
    ["foreign_key_checks", "0"],
    ["group_concat_max_len", "4"],
    ["in_predicate_conversion_threshold", "2"],
    ["innodb_default_row_format", "'redundant'"],
    ["innodb_snapshot_isolation", "1"],
    ["innodb_strict_mode", "0"],
    ["innodb_table_locks", "0"],
    ["join_cache_level", "0"],
    ["lc_messages", "'de_DE'"],
    ["lc_time_names", "'de_DE'"],
    ["lock_wait_timeout", "0"],
    ["innodb_lock_wait_timeout", "0"],
    ["max_error_count", "0"],
    ["max_join_size", "1"],
    ["max_sort_length", "64"],
    ["max_statement_time", "0.001"],
    ["old_mode", "'ZERO_DATE_TIME_CAST,NO_DUP_KEY_WARNINGS_WITH_IGNORE,UTF8_IS_UTF8MB3'"],
    ["optimizer_switch", "'index_condition_pushdown=off,materialization=off,derived_merge=off'"],
    ["query_cache_size", "1048576"],
    ["sql_auto_is_null", "1"],
    ["sql_big_selects", "0"],
    ["sql_buffer_result", "1"],
    ["sql_if_exists", "1"],
    ["sql_mode", "'ANSI,TRADITIONAL,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE'"],
    ["sql_mode", "'ORACLE,EMPTY_STRING_IS_NULL'"],
    ["sql_mode", "'MSSQL,NO_UNSIGNED_SUBTRACTION,REAL_AS_FLOAT,IGNORE_SPACE'"],
    ["sql_mode", "''"],
    ["sql_notes", "0"],
    ["sql_quote_show_create", "0"],
    ["sql_safe_updates", "1"],
    ["sql_select_limit", "0"],
    ["sql_select_limit", "1"],
    ["sql_warnings", "1"],
    ["system_versioning_asof", "'2001-01-01 00:00:00'"],
    ["time_zone", "'-11:59'"],
    ["tx_isolation", "'SERIALIZABLE'"],
    ["tx_isolation", "'READ-UNCOMMITTED'"],
    ["tx_read_only", "1"],
    ["unique_checks", "0"],
    ["updatable_views_with_limit", "0"],
    ["wsrep_osu_method", "'RSU'"],
    ["wsrep_sync_wait", "15"],
    ["wsrep_dirty_reads", "1"],
  ])("%s = %s", async (setting, value) => {
    const options = await ordinaryOptions();
    await whileSet(setting, value, () => expectExact(options));
  });

  test("query_cache_type = 1", async () => {
    await server.stop();
    await server.start(["--query-cache-type=1", "--query-cache-size=1M"]);
    await expectExact(await ordinaryOptions());
  });

  test.each(["latin1", "sjis", "gbk", "utf16", "ucs2", "swe7", "binary"])(
    "the database was made for %s",
    async (name) => {
      await expectExact(await ordinaryOptions(`CHARACTER SET ${name}`));
    },
  );
});

describe("nothing changes when init_connect is", () => {
  test.each([
    "SET NAMES utf8",
    "SET NAMES utf8mb3",
    "SET NAMES latin1",
    "SET NAMES binary",
    "SET NAMES sjis",
    "SET NAMES gbk",
    "SET NAMES big5",
    "SET NAMES swe7",
    "SET NAMES cp932",
    "SET CHARACTER SET cp1251",
    "SET character_set_results = NULL",
    "SET character_set_results = utf16",
    "SET character_set_connection = utf32",
    "SET autocommit = 0; START TRANSACTION READ ONLY",
    "START TRANSACTION",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY",
    "SET completion_type = 2; BEGIN",
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'; SET NAMES gbk; SET sql_select_limit = 1",
    "USE information_schema",
    "SET @a = 1; SELECT 1",
  ])("%s", async (statements) => {
    const options = await ordinaryOptions();
    await queryText(server.url(), `SET GLOBAL init_connect = ${JSON.stringify(statements)}`);
    try {
      await expectExact(options);
    } finally {
      await queryText(server.url(), "SET GLOBAL init_connect = ''");
    }
  });
});

describe("nothing changes on a server that decides, whatever the client says, on", () => {
  beforeAll(async () => {
    await server.stop();
    await server.start(["--skip-character-set-client-handshake"]);
  });

  test.each([
    ...["armscii8", "ascii", "big5", "binary", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866"],
    ...["cp932", "dec8", "eucjpms", "euckr", "gb2312", "gbk", "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r"],
    ...["koi8u", "latin1", "latin2", "latin5", "latin7", "macce", "macroman", "sjis", "swe7", "tis620", "ucs2", "ujis"],
    ...["utf16", "utf16le", "utf32", "utf8mb3", "utf8mb4"],
  ])("%s", async (name) => {
    const all = ["server", "connection", "results"].map((what) => `SET GLOBAL character_set_${what} = ${name}`);
    // A client cannot send each of them: those are the server's own alone.
    const isSent = !/^(ucs2|utf16|utf16le|utf32)$/.test(name);
    const options = await ordinaryOptions();
    // The driver by itself does not understand a server of each.
    const chief = await openConnection(mysqlOptionsOf(await server.createDatabase()), "migration");
    await chief.run(isSent ? [...all, `SET GLOBAL character_set_client = ${name}`] : all);
    try {
      await expectExact(options);
    } finally {
      const usual = ["server", "connection", "results", "client"];
      await chief.run(usual.map((what) => `SET GLOBAL character_set_${what} = DEFAULT`));
      chief.destroy();
    }
  });
});

describe.each(["sjis", "gbk", "latin1", "utf8mb3"])("on a server that was started with %s", (name) => {
  beforeAll(async () => {
    await server.stop();
    await server.start(["--skip-character-set-client-handshake", `--character-set-server=${name}`]);
  });

  test("what is written comes back byte by byte, whatever it is", async () => {
    const options = await ordinaryOptions();
    const store = await openMysqlStore(options, tables);
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.array(fc.constantFrom("表", "ソ", "縗", "\xbf'", "\\", "'", '"', "\0", "🔑", "\u00a5", "%", "?"), {
        maxLength: 12,
      }),
    );
    const property = fc.asyncProperty(text, fc.uint8Array({ maxLength: 64 }), async (written, sealedValue) => {
      const payloadJson = typeof written === "string" ? written : written.join("");
      const secret = secretNamed(Buffer.from(payloadJson).subarray(0, 80).toString("latin1"), { sealedValue });
      const { rows } = await write(store, (head) => ({
        rows: [rowAfter(head, { payloadJson })],
        inserts: [secret],
      }));
      const { secrets } = await load(store, { secrets: [secret.name] });
      expect(Buffer.from(secrets.get(secret.name)?.sealedValue ?? "")).toEqual(Buffer.from(sealedValue));
      expect(await newestRows(store, 1)).toEqual(rows);
      await write(store, () => ({ deletes: [secret] }));
    });
    await fc.assert(property, { numRuns: 60 });
    await store.close();
  });
});

describe("a name that differs in case only", () => {
  test("is another one on a server that folds the names of tables", async () => {
    await server.stop();
    await server.start(["--lower-case-table-names=1", "--character-set-server=utf8mb4"]);
    await expectExact(await ordinaryOptions());
  });
});

describe("a database whose name needs quoting", () => {
  test("is used, and no other", async () => {
    const name = "zsc `?' \u00fc";
    const url = new URL(server.url());
    await queryText(url.href, `CREATE DATABASE \`${name.replaceAll("`", "``")}\``);
    await queryText(url.href, "SET GLOBAL init_connect = 'USE information_schema'");
    url.pathname = encodeURIComponent(name);
    try {
      await expectExact(mysqlOptionsOf(await createAccount(url.href, ["ALL ON *.*"])));
    } finally {
      await queryText(server.url(), "SET GLOBAL init_connect = ''");
    }
  });
});

describe("a connection", () => {
  const hostile = {
    ...{ sql_safe_updates: 1, sql_auto_is_null: 1, sql_if_exists: 1, unique_checks: 0, foreign_key_checks: 0 },
    ...{ sql_big_selects: 0, sql_select_limit: 1_000, max_sort_length: 64, lock_wait_timeout: 1, completion_type: 2 },
    ...{ max_statement_time: 1, alter_algorithm: 2, wsrep_dirty_reads: 1, wsrep_osu_method: "'RSU'", tx_read_only: 1 },
  };
  const expected = {
    ...{ sql_safe_updates: "OFF", sql_auto_is_null: "OFF", sql_if_exists: "OFF", unique_checks: "ON" },
    ...{ foreign_key_checks: "ON", sql_big_selects: "ON", sql_select_limit: "18446744073709551615" },
    ...{ max_sort_length: "1024", lock_wait_timeout: "10", completion_type: "NO_CHAIN", alter_algorithm: "DEFAULT" },
    ...{ max_statement_time: "0.000000", wsrep_dirty_reads: "OFF", wsrep_osu_method: "TOI", tx_read_only: "OFF" },
    ...{ tx_isolation: "READ-COMMITTED", character_set_client: "utf8mb4", character_set_results: "utf8mb4" },
    ...{ character_set_connection: "binary", sql_mode: "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION" },
  };

  test.each(["ledger", "reader", "migration", "snapshot"] as const)(
    "of a %s has all settings as listed",
    async (use) => {
      const options = await ordinaryOptions();
      await (await openMysqlStore(options, tables)).close();
      const chief = await openConnection(mysqlOptionsOf(await server.createDatabase()), "migration");
      await chief.run(Object.entries(hostile).map(([name, value]) => `SET GLOBAL ${name} = ${value}`));
      try {
        const connection = await openConnection(options, use);
        const shown = await connection.rows("SHOW SESSION VARIABLES WHERE Variable_name IN (?)", [
          Object.keys(expected),
        ]);
        expect(Object.fromEntries(shown.map(([name, value]) => [name, value]))).toEqual(expected);
        connection.destroy();
      } finally {
        await chief.run(Object.keys(hostile).map((name) => `SET GLOBAL ${name} = DEFAULT`));
        chief.destroy();
      }
    },
  );

  test("that reads waits for what other nodes of a Galera cluster have committed; one that writes does not", async () => {
    const options = await ordinaryOptions();
    await (await openMysqlStore(options, tables)).close();
    const waits = new Map<string, unknown>();
    for (const use of ["ledger", "reader", "migration", "snapshot"] as const) {
      const connection = await openConnection(options, use);
      waits.set(use, (await connection.rows("SELECT @@SESSION.wsrep_sync_wait"))[0]?.[0]);
      connection.destroy();
    }
    expect(Object.fromEntries(waits)).toEqual({ ledger: 0, reader: 1, migration: 0, snapshot: 1 });
  });
});
