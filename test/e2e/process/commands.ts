import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshSqliteUrl } from "../../support/databases.ts";
import { newSecret } from "../support/secrets.ts";
import { databaseKinds, openVault, type Vault } from "../support/vault.ts";
import { runZsc } from "../support/zsc-process.ts";

interface Claims {
  readonly sub: string;
  readonly role: string;
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
}

function claimsOf(token: string): Claims {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Claims;
}

/** `zsc token`, `zsc audit verify`, and the command line itself. */
export function commands(): void {
  const secret = "a secret for tokens, of 32 bytes or more";
  const env = { ZSC_JWT_SECRET: secret };
  const token = async (...args: readonly string[]) => await runZsc(["token", ...args], env);

  test("token prints the token and nothing else", async () => {
    const { code, stdout, stderr } = await token("--role", "admin", "--zid", "ZEQ-7");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { exp, iat, ...rest } = claimsOf(stdout);
    expect(rest).toEqual({ sub: "ZEQ-7", role: "admin", iss: "zsc", aud: "zsc" });
    expect(exp - iat).toBe(12 * 3_600);
  });

  test.each([
    ["90s", 90],
    ["15m", 900],
    ["12h", 43_200],
    ["30d", 2_592_000],
  ])("token --ttl %s is good for %i seconds", async (ttl, seconds) => {
    const { exp, iat } = claimsOf((await token("--role", "caller", "--zid", "Z", "--ttl", ttl)).stdout);
    expect(exp - iat).toBe(seconds);
  });

  test("token knows issuer and audience, and a secret in a file", async () => {
    const { dir } = await freshSqliteUrl();
    const file = join(dir, "jwt");
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    const settings = { ZSC_JWT_SECRET_FILE: file, ZSC_JWT_ISSUER: "us", ZSC_JWT_AUDIENCE: "them" };
    const { stdout } = await runZsc(["token", "--role", "system", "--zid", "Z"], settings);
    expect(claimsOf(stdout)).toMatchObject({ role: "system", iss: "us", aud: "them" });
  });

  test.each([
    [["--role", "admin"], 2, "--zid"],
    [["--zid", "Z"], 2, "--role"],
    [["--role", "root", "--zid", "Z"], 2, "admin, caller, system"],
    [["--role", "admin", "--zid", "a|b"], 1, "ZID"],
    [["--role", "admin", "--zid", ""], 1, "ZID"],
    [["--role", "caller", "--zid", "ZEQ-SYS"], 1, "ZEQ-SYS is the system itself"],
    [["--role", "admin", "--zid", "Z", "--ttl", "0s"], 1, "number"],
    [["--role", "admin", "--zid", "Z", "--ttl", "5"], 1, "number"],
    [["--role", "admin", "--zid", "Z", "--ttl", "5w"], 1, "number"],
    [["--role", "admin", "--zid", "Z", "--ttl", "-1h"], 1, "number"],
  ])("token %j ends with %i and says why", async (args, exitCode, why) => {
    const { code, stdout, stderr } = await token(...args);
    expect([code, stdout]).toEqual([exitCode, ""]);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain("    at ");
  });

  test("token without a secret names the setting", async () => {
    const { code, stdout, stderr } = await runZsc(["token", "--role", "admin", "--zid", "Z"], {});
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("ZSC_JWT_SECRET");
  });

  test.each([[["--help"]], [["help"]], [["serve", "--help"]], [["audit", "--help"]], [["audit", "verify", "--help"]]])(
    "zsc %j explains itself on standard output",
    async (args) => {
      const { code, stdout, stderr } = await runZsc(args, {});
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("Usage: zsc");
    },
  );

  test.each([
    [[]],
    [["frobnicate"]],
    [["serve", "--frobnicate"]],
    [["audit"]],
    [["audit", "forget"]],
    [["serve", "x"]],
  ])("zsc %j is a wrong command line", async (args) => {
    const { code, stdout, stderr } = await runZsc(args, {});
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).not.toBe("");
    expect(stderr).not.toContain("    at ");
  });

  describe.each(databaseKinds)("audit verify on %s", (database) => {
    let vault: Vault;
    let name = "";
    beforeAll(async () => {
      vault = await openVault({ database });
      name = await newSecret(vault);
      await newSecret(vault);
    }, 90_000);
    afterAll(() => vault.close());

    test("ends with 0 on a whole log, beside a running server, in words and in JSON", async () => {
      const { code, stdout, stderr } = await vault.verify();
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^2 rows: the chain is whole \(\d+ rows\/s\)\n/);
      expect(stdout).toMatch(/\n2 secrets: the vault is what the log says\nok\n$/);
      const json = await runZsc(["audit", "verify", "--json"], { ZSC_DATABASE_URL: vault.databaseUrl });
      expect(json.code).toBe(0);
      expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, rows: 2, secrets: 2, broken: null, differences: [] });
    });

    test("ends with 1 and the row's number when a row was changed", async () => {
      await vault.sql("UPDATE audit_log SET actor_zid = 'ZEQ-EVIL' WHERE seq = 2");
      const { code, stdout } = await vault.verify();
      expect(code).toBe(1);
      expect(stdout).toMatch(/^BROKEN at row 2: /);
      const json = await runZsc(["audit", "verify", "--json"], { ZSC_DATABASE_URL: vault.databaseUrl });
      expect([json.code, JSON.parse(json.stdout)]).toMatchObject([1, { ok: false, broken: { seq: 2 } }]);
      await vault.sql("UPDATE audit_log SET actor_zid = 'ZEQ-ADMIN-1' WHERE seq = 2");
      expect((await vault.verify()).code).toBe(0);
    });

    test("ends with 1 and the secret's name when the vault was changed", async () => {
      await vault.sql(`UPDATE secret SET bound_zid = 'ZEQ-EVIL' WHERE name = '${name}'`);
      const { code, stdout } = await vault.verify();
      expect(code).toBe(1);
      expect(stdout).toContain(`BROKEN "${name}" (row 1): `);
      await vault.sql(`UPDATE secret SET bound_zid = 'ZEQ-SYS' WHERE name = '${name}'`);
      await vault.process.end();
      expect((await vault.verify()).code).toBe(0);
    });
  });

  test("audit verify needs no key, and no more than a copy of the database", async () => {
    const vault = await openVault();
    await newSecret(vault);
    await vault.process.end();
    const { dir } = await freshSqliteUrl();
    const copy = join(dir, "copy.db");
    copyFileSync(vault.databaseUrl.slice("sqlite:".length), copy);
    expect((await runZsc(["audit", "verify"], { ZSC_DATABASE_URL: `sqlite:${copy}` })).code).toBe(0);
    const nothing = await runZsc(["audit", "verify"], { ZSC_DATABASE_URL: `sqlite:${join(dir, "none.db")}` });
    expect([nothing.code, nothing.stdout]).toEqual([2, ""]);
    await vault.close();
  });
}
