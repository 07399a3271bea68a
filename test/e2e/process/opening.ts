import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { freshMysqlUrl, freshSqliteUrl } from "../../support/databases.ts";
import { queryText } from "../../support/mysql-admin.ts";
import { newSecret, setSecret } from "../support/secrets.ts";
import { freshKeys } from "../support/tokens.ts";
import { databaseKinds, openVault, type Vault } from "../support/vault.ts";
import { type Environment, runZsc } from "../support/zsc-process.ts";

const made = "there was no vault and a new vault was made";
const wrongKey = /^zsc: The master key does not open this vault\./;

/** What a start finds, makes, and says of it. */
export function opening(): void {
  const placeOf = (url: string) =>
    url.startsWith("sqlite:") ? url.slice("sqlite:".length) : new URL(url).host + new URL(url).pathname;
  const linesOf = (vault: Vault, message: string) => vault.process.log().filter(({ msg }) => msg === message);
  const refused = async (env: Environment) => {
    const { code, stderr } = await runZsc(["serve"], env);
    expect(code).toBe(1);
    return stderr;
  };

  describe.each(databaseKinds)("on %s", (database) => {
    const freshUrl = async () => (database === "SQLite" ? (await freshSqliteUrl()).url : await freshMysqlUrl());

    test("a start that makes a vault warns and names the place; every start says what there is", async () => {
      const vault = await openVault({ database });
      const place = expect.stringContaining(placeOf(vault.databaseUrl));
      expect(linesOf(vault, made)).toEqual([expect.objectContaining({ level: "warn", database: place })]);
      const nothing = { level: "info", database: place, secrets: 0, head: `0.${"0".repeat(64)}` };
      expect(linesOf(vault, "the vault is open")).toEqual([expect.objectContaining(nothing)]);
      await newSecret(vault);
      const { receipt } = await setSecret(vault, { name: "another" });
      await vault.restart();
      expect(linesOf(vault, made)).toEqual([]);
      const two = { level: "info", database: place, secrets: 2, head: receipt };
      expect(linesOf(vault, "the vault is open")).toEqual([expect.objectContaining(two)]);
      await vault.close();
    });

    test("with ZSC_REQUIRE_VAULT a vault that is there is opened", async () => {
      const vault = await openVault({ database });
      await vault.process.end();
      await vault.start({ ZSC_REQUIRE_VAULT: "1" });
      await newSecret(vault);
      await vault.close();
    });

    test("with ZSC_REQUIRE_VAULT none is made", async () => {
      const { masterKey, jwtSecret } = freshKeys();
      const url = await freshUrl();
      const keys = { ZSC_MASTER_KEY: masterKey, ZSC_JWT_SECRET: jwtSecret };
      const stderr = await refused({ ...keys, ZSC_DATABASE_URL: url, ZSC_REQUIRE_VAULT: "1" });
      expect(stderr).toMatch(
        /^zsc: .* holds no vault, and ZSC_REQUIRE_VAULT forbids to make one\. Check ZSC_DATABASE_URL\.\n {2}next: zsc doctor --server\n$/,
      );
      expect(stderr).toContain(placeOf(url));
      if (database === "SQLite") {
        expect(existsSync(placeOf(url))).toBe(false);
      } else {
        expect(await queryText(url, "SHOW TABLES")).toEqual([]);
      }
    });

    test("with ZSC_REQUIRE_VAULT empty tables are none", async () => {
      const vault = await openVault({ database });
      await vault.process.end();
      await vault.sql("DELETE FROM key_check");
      expect(await refused({ ...vault.env, ZSC_REQUIRE_VAULT: "1" })).toContain("holds no vault");
      await vault.close();
    });

    describe("a vault that has lost the check of its key", () => {
      let vault: Vault;
      beforeEach(async () => {
        vault = await openVault({ database });
        for (const name of ["b", "c", "d"]) {
          await setSecret(vault, { name });
        }
        await vault.process.end();
        await vault.sql("DELETE FROM key_check");
      }, 90_000);
      afterEach(() => vault.close());

      const checks = () => vault.sql("SELECT COUNT(*) FROM key_check");
      const otherKey = () => ({ ...vault.env, ZSC_MASTER_KEY: freshKeys().masterKey });

      test("opens with the key that its secrets open with, and has the check again", async () => {
        expect(await refused(otherKey())).toMatch(wrongKey);
        expect(await checks()).toEqual([["0"]]);
        await vault.start();
        await newSecret(vault);
        expect(await checks()).toEqual([["1"]]);
        await vault.process.end();
        expect(await refused(otherKey())).toMatch(wrongKey);
      });

      test.each(["a", "e"])("opens with no key when it holds a secret of another one, at %s", async (name) => {
        const stranger = await openVault({ database });
        await setSecret(stranger, { name });
        const columns = "id name bound_zid permissions expires_zeqond version created_at updated_at".split(" ");
        const sealed = ["sealed_key", "sealed_value"];
        const asHex = [
          ...columns.map((column) => `HEX(CAST(${column} AS CHAR))`),
          ...sealed.map((each) => `HEX(${each})`),
        ];
        const [row = []] = await stranger.sql(`SELECT ${asHex.join(", ")} FROM secret`);
        const text = database === "SQLite" ? "TEXT" : "CHAR";
        const values = row.map((hex, index) => (index < columns.length ? `CAST(X'${hex}' AS ${text})` : `X'${hex}'`));
        await vault.sql(`INSERT INTO secret (${[...columns, ...sealed]}) VALUES (${values.join(", ")})`);
        expect(await refused(vault.env)).toMatch(wrongKey);
        expect(await refused({ ...vault.env, ZSC_MASTER_KEY: stranger.masterKey })).toMatch(wrongKey);
        expect(await checks()).toEqual([["0"]]);
        await stranger.close();
      });

      test("opens although one row was changed by hand, and not when all were", async () => {
        await vault.sql("UPDATE secret SET bound_zid = 'ZEQ-THIEF' WHERE name = 'b'");
        await vault.start();
        await vault.process.end();
        await vault.sql("DELETE FROM key_check");
        await vault.sql("UPDATE secret SET bound_zid = 'ZEQ-THIEF'");
        expect(await refused(vault.env)).toMatch(wrongKey);
        expect(await checks()).toEqual([["0"]]);
      });
    });
  });

  test.each<[string, (path: string) => void]>([
    ["an empty file", (path) => writeFileSync(path, "")],
    ["another database", (path) => void new Database(path).exec("CREATE TABLE t (a)").close()],
  ])("with ZSC_REQUIRE_VAULT %s is none, and stays what it is", async (_what, make) => {
    const { url, dir } = await freshSqliteUrl();
    make(placeOf(url));
    const { masterKey, jwtSecret } = freshKeys();
    const env = { ZSC_MASTER_KEY: masterKey, ZSC_JWT_SECRET: jwtSecret, ZSC_DATABASE_URL: url, ZSC_REQUIRE_VAULT: "1" };
    expect(await refused(env)).toContain("holds no vault");
    expect(readdirSync(dir)).toEqual(["zsc.db"]);
  });

  test("with ZSC_REQUIRE_VAULT no folder is made either", async () => {
    const { dir } = await freshSqliteUrl();
    const { masterKey, jwtSecret } = freshKeys();
    const url = `sqlite:${join(dir, "mistyped", "zsc.db")}`;
    const env = { ZSC_MASTER_KEY: masterKey, ZSC_JWT_SECRET: jwtSecret, ZSC_DATABASE_URL: url, ZSC_REQUIRE_VAULT: "1" };
    expect(await refused(env)).toContain(join(dir, "mistyped", "zsc.db"));
    expect(readdirSync(dir)).toEqual([]);
  });

  test.each(["640", "604", "620", "602", "644"])(
    "a database file of mode %s is warned of, with what to do",
    async (mode) => {
      const warning = "other users of this machine can open the database";
      const vault = await openVault();
      expect(linesOf(vault, warning)).toEqual([]);
      await vault.process.end();
      const path = placeOf(vault.databaseUrl);
      chmodSync(path, Number.parseInt(mode, 8));
      await vault.start();
      expect(linesOf(vault, warning)).toEqual([
        expect.objectContaining({ level: "warn", reason: expect.stringMatching(`^chmod 600 ${path}`) }),
      ]);
      await vault.close();
    },
  );
}
