import { readFileSync } from "node:fs";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { freshMysqlUrl } from "../support/databases.ts";
import { createAccount, queryText } from "../support/mysql-admin.ts";
import { until } from "../support/until.ts";
import { grpcJsClient } from "./support/rpc-clients.ts";
import { metadataOf, newSecret, nowZeqond, probe, rowsOf } from "./support/secrets.ts";
import { freshKeys } from "./support/tokens.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";
import { runZsc } from "./support/zsc-process.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

/** What docs/operations.md grants to the account that serves, in a database of another name. */
function documentedGrants(account: string, database: string): readonly string[] {
  const grants = readFileSync("docs/operations.md", "utf8").matchAll(/^ {4}GRANT (.+) ON zsc\.(\S+) TO '(\w+)'@/gm);
  return [...grants].flatMap(([, rights, tables, to]) =>
    to === account ? [`${rights} ON ${database}.${tables}`] : [],
  );
}

describe("an account that has just what the documents grant it", () => {
  let ownerUrl: string;
  let database: string;
  let vault: Vault;

  beforeAll(async () => {
    ownerUrl = await freshMysqlUrl();
    database = new URL(ownerUrl).pathname.slice(1);
    const keys = freshKeys();
    // The owner makes the tables; from then on the other one serves.
    const owner = await openVault({
      databaseUrl: await createAccount(ownerUrl, documentedGrants("zsc_owner", database)),
      keys,
    });
    await owner.close();
    const grants = documentedGrants("zsc", database);
    expect(grants).toContain(`SELECT, INSERT ON ${database}.audit_log`);
    vault = await openVault({ databaseUrl: await createAccount(ownerUrl, grants), keys });
  }, 90_000);
  afterAll(closeVaults, 60_000);

  test("cannot change the log", async () => {
    await expect(queryText(vault.databaseUrl, "DELETE FROM audit_log")).rejects.toMatchObject({ errno: 1142 });
    await expect(queryText(vault.databaseUrl, "UPDATE audit_log SET seq = 0")).rejects.toMatchObject({ errno: 1142 });
    await expect(queryText(vault.databaseUrl, "CREATE TABLE t (n INT)")).rejects.toMatchObject({ errno: 1142 });
  });

  test("serves everything: it is ready, sets, reads, lists, rotates, grants, denies, limits, deletes and verifies", async () => {
    expect((await vault.sendBare("GET", "/readyz")).json).toMatchObject({ status: "ready" });
    const name = await newSecret(vault, { value: "kept", boundZid: "ZEQ-OWNER" });
    const client = grpcJsClient(vault);
    const token = await vault.token("caller", "ZEQ-OWNER");
    expect((await client.call(ZeqContext.method.read, { name }, { token })).message?.value).toBe("kept");
    client.close();
    expect((await vault.send("GET", "/api/zsc/list")).json).toMatchObject({ ok: true, count: 1 });
    for (const path of [`/api/zsc/rotate/${name}`, `/api/zsc/grant/${name}`, `/api/zsc/revoke/${name}`]) {
      expect((await vault.send("POST", path, { body: { zid: "ZEQ-FRIEND" } })).status).toBe(200);
    }
    for (let denial = 0; denial < 5; denial++) {
      expect(await probe(vault, name, "ZEQ-STRANGER")).toMatchObject({ reason: "denied" });
    }
    expect(await probe(vault, name, "ZEQ-STRANGER")).toMatchObject({ reason: "rate_limited" });
    expect((await metadataOf(vault, name)).read_count).toBe(1);
    const gone = await newSecret(vault);
    expect((await vault.send("DELETE", `/api/zsc/${gone}`)).status).toBe(200);
    expect(await rowsOf(vault, name)).toHaveLength(11);
    expect(await vault.verify()).toMatchObject({ code: 0, stderr: "" });
  });

  test("starts again, and its daemon rotates what is due", async () => {
    const due = await newSecret(vault, { expiresZeqond: 0 });
    await vault.restart();
    await until(async () => ((await metadataOf(vault, due)).expires_zeqond ?? 0) > nowZeqond());
    expect(await vault.verify()).toMatchObject({ code: 0, stderr: "" });
  });

  test("is told what it lacks when a step of the schema is still to be taken", async () => {
    await vault.process.end();
    const [[version] = []] = await queryText(ownerUrl, "SELECT version FROM schema_version");
    await queryText(ownerUrl, "UPDATE schema_version SET version = 0");
    const refused = await runZsc(["serve"], vault.env);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/does not grant the account .*upgrade also need CREATE, ALTER, INDEX and DROP/);
    await queryText(ownerUrl, `UPDATE schema_version SET version = ${version}`);
    await vault.start();
  });
});
