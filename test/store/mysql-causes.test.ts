import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../../src/base/operator-error.ts";
import { openSnapshot, openStore } from "../../src/compose.ts";
import { StoreFailure } from "../../src/ledger/store.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { load, write } from "../support/ledger.ts";
import { type MariaDb, openMariaDb } from "../support/mariadb.ts";
import { createAccount, queryText, withConnection } from "../support/mysql-admin.ts";
import { openRefusingServer, type RefusingServer } from "../support/mysql-greeting.ts";
import { mysqlOptionsOf } from "../support/places.ts";

type Options = ReturnType<typeof mysqlOptionsOf>;

/** What an operator is told at a start, and by `zsc audit verify`; both without a word of the driver's. */
async function messagesOf(options: Options): Promise<readonly string[]> {
  const config = { kind: "mysql", ...options } as const;
  return [await refusalOf(openStore(config)), await refusalOf(openSnapshot(config))];
}

async function refusalOf(opening: Promise<{ close(): Promise<void> }>): Promise<string> {
  const refusal = await opening.then(
    async (opened) => {
      await opened.close();
      return new Error("it opened");
    },
    (error: unknown) => error,
  );
  if (!(refusal instanceof OperatorError)) {
    throw refusal;
  }
  expectNothingOfTheDriver(refusal);
  return refusal.message;
}

/** An error of mysql2 holds the statement, with the values in it, and the server's words, which quote from it. */
function expectNothingOfTheDriver(error: unknown): void {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    expect(Object.keys(cause)).not.toEqual(expect.arrayContaining(["sql"]));
    expect(Object.keys(cause)).not.toEqual(expect.arrayContaining(["sqlMessage"]));
    expect(cause.message).not.toMatch(/SELECT|SET SESSION|INSERT|near '|Access denied|getaddrinfo|connect E/);
  }
}

describe("what is wrong is said, and what to do", () => {
  let server: MariaDb;
  let url: string;
  let options: Options;
  const folder = mkdtempSync(join(tmpdir(), "zsc-mysql-causes-"));
  const [cert, key] = [join(folder, "server.pem"), join(folder, "server.key")];
  const temporary = join(folder, "tmp");

  beforeAll(async () => {
    const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:db.example", "-days", "1", "-nodes"];
    const files = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...files, ...subject], { stdio: "ignore" });
    mkdirSync(temporary, { mode: 0o777 });
    server = await openMariaDb({ args: ["--log-bin=binlog", `--tmpdir=${temporary}`] });
    url = await server.createDatabase();
    options = mysqlOptionsOf(url);
    await (await openMysqlStore(options, tables)).close();
  });
  afterAll(async () => {
    await server?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const database = () => new URL(url).pathname.slice(1);

  async function whileSet(setting: string, value: string, work: () => Promise<void>): Promise<void> {
    await queryText(server.url(), `SET GLOBAL ${setting} = ${value}`);
    try {
      await work();
    } finally {
      await queryText(server.url(), `SET GLOBAL ${setting} = DEFAULT`);
    }
  }

  async function expectBoth(wrong: Partial<Options>, message: RegExp): Promise<void> {
    for (const told of await messagesOf({ ...options, ...wrong })) {
      expect(told).toMatch(message);
    }
  }

  test("nothing listens", () => expectBoth({ port: 1 }, /does not listen .*ECONNREFUSED\): start it/));

  test("no such host", () => expectBoth({ host: "zsc.invalid" }, /host whose name is not found .*DNS/));

  test("no such user", () => expectBoth({ user: "nobody" }, /refuses the user or the password/));

  test("no such database", () => expectBoth({ database: "nowhere" }, /does not exist on its server .*: create it/));

  test("no TLS", () => expectBoth({ host: "localhost", tls: {} }, /offers no TLS .*ssl_cert/));

  test("a host that is an address, over TLS", () => expectBoth({ tls: {} }, /not an IP address/));

  test("a server that accepts connections and says nothing", async () => {
    const silent = createServer((socket) => void socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    await expectBoth({ port: (silent.address() as AddressInfo).port }, /does not answer .*firewall/);
    silent.close();
  });

  test("a server of another protocol", async () => {
    const other = createServer((socket) => void socket.on("error", () => undefined).end("HTTP/1.1 400 Bad\r\n\r\n"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    await expectBoth(
      { port: (other.address() as AddressInfo).port },
      /^The database [^ ]* cannot be .*the database .*: .+/,
    );
    other.close();
  });

  test("an account without rights on the database", async () => {
    const account = mysqlOptionsOf(await createAccount(url, []));
    await expectBoth(account, /does not grant the account .*operations\.md/);
  });

  test("a right that is missing when it is needed", async () => {
    const reading = mysqlOptionsOf(await createAccount(url, ["SELECT ON *.*"]));
    expect(await refusalOf(openStore({ kind: "mysql", ...reading }))).toMatch(/does not grant the account/);
    const account = mysqlOptionsOf(await createAccount(url, ["SELECT, INSERT ON *.*"]));
    const store = await openMysqlStore(account, tables);
    const failure: unknown = await write(store, () => ({})).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreFailure);
    expectNothingOfTheDriver(failure);
    expect(String(failure)).toMatch(/does not grant the account/);
    await store.close();
  });

  test("a plug-in of the account that is not known here", async () => {
    await queryText(server.url(), "INSTALL SONAME 'auth_ed25519'");
    const account = new URL(await createAccount(url, [`ALL ON ${database()}.*`]));
    await queryText(url, `ALTER USER ${account.username}@'%' IDENTIFIED VIA ed25519 USING PASSWORD('x')`);
    await expectBoth(mysqlOptionsOf(account.href), /authenticate in a way .*mysql_native_password/);
  });

  test("an account that is locked", async () => {
    const account = new URL(await createAccount(url, [`ALL ON ${database()}.*`]));
    await queryText(url, `ALTER USER ${account.username}@'%' ACCOUNT LOCK`);
    await expectBoth(mysqlOptionsOf(account.href), /has locked the account, .*ALTER USER/);
  });

  test("too many connections", async () => {
    const account = new URL(await createAccount(url, [`ALL ON ${database()}.*`]));
    await queryText(url, `ALTER USER ${account.username}@'%' WITH MAX_USER_CONNECTIONS 1`);
    await withConnection(account.href, () =>
      expectBoth(mysqlOptionsOf(account.href), /takes no more connections .*max_user_connections/),
    );
  });

  test("read_only", async () => {
    const account = mysqlOptionsOf(await createAccount(url, [`ALL ON ${database()}.*`]));
    const store = await openMysqlStore(account, tables);
    await whileSet("read_only", "1", async () => {
      const failure: unknown = await write(store, () => ({})).catch((error: unknown) => error);
      expect(String(failure)).toMatch(/may only be read .*primary/);
      expectNothingOfTheDriver(failure);
      expect(await refusalOf(openStore({ kind: "mysql", ...account }))).toMatch(/may only be read .*primary/);
    });
    await store.close();
  });

  test("binlog_format = STATEMENT", async () => {
    await whileSet("binlog_format", "'STATEMENT'", async () => {
      const fresh = mysqlOptionsOf(await server.createDatabase());
      expect(await refusalOf(openStore({ kind: "mysql", ...fresh }))).toMatch(
        /binlog_format = STATEMENT.*ROW or MIXED/,
      );
    });
  });

  test.each(["16384", "1047552"])("max_allowed_packet = %s", async (bytes) => {
    await whileSet("max_allowed_packet", bytes, () =>
      expectBoth({}, new RegExp(`packets of ${bytes} bytes only: set its max_allowed_packet to 1048576 or more`)),
    );
  });

  test("a folder for temporary files that is gone", async () => {
    rmSync(temporary, { recursive: true });
    await whileSet("big_tables", "1", () => expectBoth({}, /cannot make or use a file.*tmpdir/));
    mkdirSync(temporary, { mode: 0o777 });
  });

  test("a table that is gone, and one of another engine", async () => {
    const fresh = await server.createDatabase();
    const config = { kind: "mysql", ...mysqlOptionsOf(fresh) } as const;
    await (await openStore(config)).close();
    await queryText(fresh, "ALTER TABLE denial ENGINE = MyISAM");
    expect(await refusalOf(openStore(config))).toMatch(/keeps denial in another engine than InnoDB/);
    await queryText(fresh, "ALTER TABLE denial ENGINE = InnoDB");
    const store = await openStore(config);
    await queryText(fresh, "DROP TABLE audit_head");
    const failure: unknown = await load(store).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/lacks a table or a column/);
    expectNothingOfTheDriver(failure);
    await store.close();
  });

  test("a table that converts what is written to it", async () => {
    const fresh = await server.createDatabase();
    const config = { kind: "mysql", ...mysqlOptionsOf(fresh) } as const;
    await (await openStore(config)).close();
    await queryText(fresh, "ALTER TABLE key_check MODIFY sealed VARCHAR(255) CHARACTER SET latin1 NOT NULL");
    expect(await refusalOf(openStore(config))).toMatch(/does not give back the bytes/);
  });

  test("something in between that changes bytes", async () => {
    const converter = await openConverter(server.port);
    await expectBoth({ port: converter.port }, /does not give back the bytes .*: a proxy/);
    await converter.close();
  });

  test("an init_connect that fails", async () => {
    const account = mysqlOptionsOf(await createAccount(url, [`ALL ON ${database()}.*`]));
    await whileSet("init_connect", "'nonsense'", () => expectBoth(account, /ended the connection .*init_connect/));
  });

  test("TLS that is not trusted, that is for another host, or wanted", async () => {
    await server.stop();
    await server.start([`--ssl-cert=${cert}`, `--ssl-key=${key}`]);
    await expectBoth({ host: "localhost", tls: {} }, /certificate that is not accepted .*ca=FILE/);
    const ca = execFileSync("cat", [cert], { encoding: "utf8" });
    await expectBoth({ host: "localhost", tls: { ca } }, /certificate for another host/);
    await queryText(server.url(), "SET GLOBAL require_secure_transport = 1");
    await expectBoth({}, /tls=true/);
    await server.stop();
    await server.start();
  });
});

/** Stands before a server and makes another character of one that it does not know, as a converting proxy would. */
async function openConverter(serverPort: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const relay = createServer((client) => {
    const behind = connect(serverPort, "127.0.0.1");
    for (const socket of [client, behind]) {
      socket
        .on("error", () => undefined)
        .on("close", () => {
          client.destroy();
          behind.destroy();
        });
    }
    behind.pipe(client);
    client.on("data", (data) => behind.write(Buffer.from(data.toString("latin1").replace(/c3bf/g, "c39f"), "latin1")));
  }).listen(0, "127.0.0.1");
  await once(relay, "listening");
  return {
    port: (relay.address() as AddressInfo).port,
    async close() {
      relay.close();
      await once(relay, "close");
    },
  };
}

describe("an error that the server answers a connection with", () => {
  let server: RefusingServer;
  beforeAll(async () => {
    server = await openRefusingServer();
  });
  afterAll(() => server.close());

  const to = () => ({ ...mysqlOptionsOf("mysql://u:p@127.0.0.1/d"), port: server.port });

  test.each([
    [1, /tmpdir/],
    [3, /no room left/],
    [1021, /no room left/],
    [1040, /max_connections/],
    [1041, /out of memory/],
    [1044, /operations\.md/],
    [1045, /user or the password/],
    [1047, /cluster/],
    [1049, /create it/],
    [1053, /ended the connection/],
    [1114, /no room left/],
    [1129, /FLUSH HOSTS/],
    [1130, /from this machine/],
    [1142, /operations\.md/],
    [1146, /backup/],
    [1153, /max_allowed_packet/],
    [1203, /max_user_connections/],
    [1226, /max_connections/],
    [1251, /mysql_native_password/],
    [1290, /read_only/],
    [1524, /mysql_native_password/],
    [1665, /ROW or MIXED/],
    [1698, /user or the password/],
    [1836, /read_only/],
    [1969, /broke off a statement/],
    [3118, /ALTER USER/],
    [3159, /tls=true/],
    [4151, /ALTER USER/],
    [9999, /errno 9999|error 9999/],
  ])("%d has its own sentence", async (errno, sentence) => {
    server.refuseWith(errno);
    for (const told of await messagesOf(to())) {
      expect(told).toMatch(sentence);
      expect(told).not.toContain(server.words);
    }
  });
});
