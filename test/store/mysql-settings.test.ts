import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { auditRows, collect, emptyHead, load, rowAfter, secretNamed, write } from "../support/ledger.ts";
import { type MariaDb, openMariaDb } from "../support/mariadb.ts";
import { queryText } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";
import { hostileNames } from "./contract-texts.ts";

describe("the store in MySQL, whatever the server's settings", () => {
  let server: MariaDb;
  const folder = mkdtempSync(join(tmpdir(), "zsc-mysql-tls-"));
  const [cert, key] = [join(folder, "server.pem"), join(folder, "server.key")];

  beforeAll(async () => {
    createCertificate("DNS:localhost");
    server = await openMariaDb({ args: [`--ssl-cert=${cert}`, `--ssl-key=${key}`] });
  });
  afterAll(async () => {
    await server?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH'", "sql_mode = DEFAULT"],
    ["sql_mode = ''", "sql_mode = DEFAULT"],
    ["autocommit = 0", "autocommit = 1"],
    ["TRANSACTION ISOLATION LEVEL SERIALIZABLE", "TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
    ["TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", "TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
    ["character_set_server = 'latin1'", "character_set_server = DEFAULT"],
    ["character_set_server = 'utf8mb4'", "character_set_server = DEFAULT"],
  ])("keeps texts to the letter with %s", async (setting, usual) => {
    await queryText(server.url(), `SET GLOBAL ${setting}`);
    const options = mysqlOptionsOf(await server.createDatabase());
    const [store, other] = [await openMysqlStore(options, tables), await openMysqlStore(options, tables)];
    const secrets = hostileNames.map((name) => secretNamed(name, { sealedValue: Buffer.from(name) }));
    const { rows } = await write(store, (head) => ({
      rows: [rowAfter(head, { payloadJson: JSON.stringify({ hostileNames }) })],
      inserts: secrets,
      denials: [{ seq: 1, zid: "\\' OR 1", zeqond: 5 }],
    }));
    const seen = await load(other, { secrets: hostileNames, denials: ["\\' OR 1"] });
    expect(seen.secrets).toEqual(new Map(secrets.map((secret) => [secret.name, secret])));
    expect([...seen.denials]).toEqual([["\\' OR 1", [5]]]);
    expect(await auditRows(other, "zsc:a", 5, emptyHead)).toEqual(rows);
    const snapshot = await other.openSnapshot();
    expect(await collect(snapshot.rows())).toEqual(rows);
    await snapshot.close();
    await Promise.all([store.close(), other.close()]);
    await queryText(server.url(), `SET GLOBAL ${usual}`);
  });

  describe("over TLS", () => {
    const connect = async (host: string, tls: { readonly ca?: string }) => {
      const store = await openMysqlStore({ ...mysqlOptionsOf(await server.createDatabase()), host, tls }, tables);
      await write(store, () => ({ inserts: [secretNamed("a")] }));
      await store.close();
    };

    /** The server's certificate from here on, which is its own authority. */
    async function useCertificate(names: string): Promise<{ readonly ca: string }> {
      createCertificate(names);
      await queryText(server.url(), "FLUSH SSL").catch(() => queryText(server.url(), "ALTER INSTANCE RELOAD TLS"));
      return { ca: readFileSync(cert, "utf8") };
    }

    test("connects to a server whose certificate names it", async () => {
      await connect("localhost", await useCertificate("DNS:localhost"));
    });

    test.each(["DNS:db.example", "IP:127.0.0.1"])("refuses a certificate that says %s of localhost", async (names) => {
      const refusal = { name: "StoreFailure", kind: "unavailable" };
      await expect(connect("localhost", await useCertificate(names))).rejects.toMatchObject(refusal);
    });

    test.each(["127.0.0.1", "::1"])("refuses the address %s, which could not be checked", async (host) => {
      const refusal = { name: "OperatorError", message: expect.stringContaining("not an IP address") };
      await expect(connect(host, await useCertificate("DNS:localhost"))).rejects.toMatchObject(refusal);
    });

    test("refuses a certificate of an authority that is not ours", async () => {
      await useCertificate("DNS:localhost");
      await expect(connect("localhost", {})).rejects.toMatchObject({ kind: "unavailable" });
    });
  });

  function createCertificate(names: string): void {
    const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${names}`, "-days", "1", "-nodes"];
    const files = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...files, ...subject], { stdio: "ignore" });
  }
});
