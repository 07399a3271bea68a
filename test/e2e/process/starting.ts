import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshSqliteUrl } from "../../support/databases.ts";
import { newSecret, rowsOf } from "../support/secrets.ts";
import { freshKeys } from "../support/tokens.ts";
import { databaseKinds, openVault, type Vault } from "../support/vault.ts";
import { type Environment, runZsc } from "../support/zsc-process.ts";

/** What a start in production refuses, and what it says then. */
export function starting(): void {
  test("without keys it does not start, and names every setting that is missing", async () => {
    const { code, stdout, stderr } = await runZsc(["serve"], {});
    expect([code, stdout]).toEqual([1, ""]);
    for (const name of ["ZSC_MASTER_KEY", "ZSC_JWT_SECRET", "ZSC_DATABASE_URL"]) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toContain("    at ");
  });

  test("everything that is wrong is named at once, and no value is quoted", async () => {
    const { code, stderr } = await runZsc(["serve"], {
      ZSC_MODE: "staging",
      ZSC_LISTEN: "nowhere-in-particular",
      ZSC_DATABASE_URL: "postgres://user:pw-in-url@host/db",
      ZSC_MASTER_KEY: "abc-not-a-key",
      ZSC_JWT_SECRET: "too-short-secret",
      ZSC_SHUTDOWN_SECONDS: "soon",
      ZSC_LOGLEVEL: "debug",
    });
    expect(code).toBe(1);
    const names = ["MODE", "LISTEN", "DATABASE_URL", "MASTER_KEY", "JWT_SECRET", "SHUTDOWN_SECONDS", "LOGLEVEL"];
    for (const name of names) {
      expect(stderr).toContain(`ZSC_${name} `);
    }
    for (const value of ["nowhere-in", "pw-in-url", "abc-not", "too-short", "soon"]) {
      expect(stderr).not.toContain(value);
    }
  });

  test("keys may stand in files", async () => {
    const { url, dir } = await freshSqliteUrl();
    const { masterKey, jwtSecret } = freshKeys();
    const file = (name: string, text: string) => {
      const path = join(dir, name);
      writeFileSync(path, `${text}\n`, { mode: 0o600 });
      return path;
    };
    const vault = await openVault({
      keys: { masterKey: "", jwtSecret },
      databaseUrl: url,
      env: {
        ZSC_MASTER_KEY_FILE: file("master", masterKey),
        ZSC_JWT_SECRET: "",
        ZSC_JWT_SECRET_FILE: file("jwt", jwtSecret),
        ZSC_DATABASE_URL: "",
        ZSC_DATABASE_URL_FILE: file("url", url),
      },
    });
    expect((await vault.send("GET", "/api/zsc/list")).status).toBe(200);
    expect(vault.process.stdout()).not.toContain("every user");
    await vault.process.end();
    chmodSync(join(dir, "jwt"), 0o644);
    await vault.start();
    expect(vault.process.stdout()).toContain("every user of this machine can read");
    await vault.close();
  });

  const commands = [
    { args: ["serve"], code: 1 },
    { args: ["audit", "verify"], code: 2 },
  ];
  const refusal = async (env: Environment, args = ["serve"], exitCode = 1) => {
    const { code, stdout, stderr } = await runZsc(args, env);
    expect([code, stdout]).toEqual([exitCode, ""]);
    expect(stderr).not.toContain("a bug");
    expect(stderr).not.toContain("    at ");
    return stderr;
  };

  test("an address that cannot be had is said", async () => {
    const vault = await openVault();
    const { url } = await freshSqliteUrl();
    const taken = await refusal({ ...vault.env, ZSC_DATABASE_URL: url, ZSC_LISTEN: `127.0.0.1:${vault.port}` });
    expect(taken).toMatch(/^zsc: 127\.0\.0\.1:\d+ cannot be listened on \(EADDRINUSE\)\. Check ZSC_LISTEN\./);
  });

  test("a database that is not there is said, without the account's password", async () => {
    const { masterKey, jwtSecret } = freshKeys();
    const settings = (url: string) => ({
      ZSC_DATABASE_URL: url,
      ZSC_MASTER_KEY: masterKey,
      ZSC_JWT_SECRET: jwtSecret,
    });
    const mysql = settings("mysql://zsc:pw-marker@127.0.0.1:1/zsc");
    for (const { args, code } of commands) {
      const stderr = await refusal(mysql, args, code);
      expect(stderr).toMatch(/^zsc: The database 127\.0\.0\.1:1\/zsc cannot be /);
      expect(stderr).not.toContain("pw-marker");
    }
  });

  test("a file that is no database is said", async () => {
    const { url, dir } = await freshSqliteUrl();
    writeFileSync(join(dir, "zsc.db"), "no database at all ".repeat(100));
    const { masterKey, jwtSecret } = freshKeys();
    const env = { ZSC_DATABASE_URL: url, ZSC_MASTER_KEY: masterKey, ZSC_JWT_SECRET: jwtSecret };
    const below = { ...env, ZSC_DATABASE_URL: `${url}/zsc.db` };
    for (const { args, code } of commands) {
      expect(await refusal(env, args, code)).toMatch(/^zsc: The SQLite database .* cannot be /);
      expect(await refusal(below, args, code)).toMatch(/^zsc: The SQLite database .* cannot be /);
    }
  });

  describe.each(databaseKinds)("on %s", (database) => {
    let vault: Vault;
    beforeAll(async () => {
      vault = await openVault({ database });
      await newSecret(vault);
      await vault.process.end();
    }, 90_000);
    afterAll(() => vault.close());

    test("another master key is noticed at start, and the right one still opens the vault", async () => {
      const { code, stderr } = await runZsc(["serve"], { ...vault.env, ZSC_MASTER_KEY: freshKeys().masterKey });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^zsc: The master key does not open this vault\./);
      await vault.start();
      await newSecret(vault);
      await vault.process.end();
    });

    test("a schema from the future is refused, and left as it is", async () => {
      await vault.sql("UPDATE schema_version SET version = 4711");
      const { code, stderr } = await runZsc(["serve"], vault.env);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^zsc: The database has schema version 4711, /);
      expect(await vault.sql("SELECT version FROM schema_version")).toEqual([["4711"]]);
      await vault.sql("UPDATE schema_version SET version = 1");
    });

    test("two that start at once on an empty database do not collide", async () => {
      const empty = await openVault({ database });
      await empty.process.end();
      const tables = "secret audit_origin denial audit_log audit_head key_check schema_version".split(" ");
      for (const table of tables) {
        await empty.sql(`DROP TABLE ${table}`);
      }
      const { databaseUrl, masterKey, jwtSecret } = empty;
      const starts = Array.from({ length: 3 }, () => openVault({ databaseUrl, keys: { masterKey, jwtSecret } }));
      const vaults = await Promise.all(starts);
      const name = await newSecret(vaults[0] as Vault);
      for (const each of vaults) {
        expect(await rowsOf(each, name)).toHaveLength(1);
      }
      await Promise.all(vaults.map((each) => each.close()));
      expect((await empty.verify()).code).toBe(0);
    });
  });
}
