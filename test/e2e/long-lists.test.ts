import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:http2";
import { type ListResponse, ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { until } from "../support/until.ts";
import { rpcClients } from "./support/rpc-clients.ts";
import { freshName, newSecret, setSecret } from "./support/secrets.ts";
import { tokenOf } from "./support/tokens.ts";
import { admin, closeVaults, databaseKinds, openVault, type Vault } from "./support/vault.ts";

afterAll(closeVaults);

const longSecrets = 400;
/** As JSON: the longest list of readers that a secret can have. */
const permissions = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => `ZEQ-${index}-`.padEnd(128, "9")));

/** A heap in which the list would not fit once. */
const littleMemory = { NODE_OPTIONS: "--max-old-space-size=64" };
/** Far below four of the lists; how far a heap grows before it is collected differs by some ten megabytes. */
const mostResidentMb = 350;

describe.each(databaseKinds)("a list that is longer than the server's memory, on %s,", (database) => {
  let vault: Vault;
  let token: string;
  beforeAll(async () => {
    vault = await openVault({ database, env: littleMemory });
    token = await tokenOf(vault.jwtSecret, "admin", admin);
    await addLongSecrets(vault, longSecrets);
  }, 120_000);
  afterAll(() => vault.close());

  const openList = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      const options = { host: vault.host, port: vault.port, path: "/api/zsc/list", headers, agent: false };
      request(options, resolve).on("error", reject).end();
    });
  const listRows = async () =>
    Number((await vault.sql("SELECT COUNT(*) FROM audit_log WHERE transition_type = 'admin_list'"))[0]?.[0]);
  /** The server's own connections that read a list. */
  const listConnections = async () => {
    const sql = `SELECT id FROM information_schema.innodb_trx t JOIN information_schema.processlist p
      ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND t.trx_isolation_level = 'REPEATABLE READ'`;
    return (await vault.sql(sql)).flat();
  };

  test("is streamed whole as JSON, in its order and form, after one row", async () => {
    const before = await listRows();
    const answer = await openList();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-length"]).toBeUndefined();
    expect(answer.headers["zsc-receipt"]).toMatch(/^\d+\.[0-9a-f]{64}$/);
    const text = await textOf(answer);
    const list = JSON.parse(text);
    expect(text.startsWith(`{"ok":true,"count":${longSecrets},"secrets":[{"id":"`)).toBe(true);
    expect(Object.keys(list)).toEqual(["ok", "count", "secrets"]);
    const names = list.secrets.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...names].sort());
    expect(new Set(names).size).toBe(longSecrets);
    expect(list.secrets[7].permissions).toEqual(JSON.parse(permissions));
    const { json } = await vault.send("GET", `/api/zsc/info/${names[7]}`);
    expect(list.secrets[7]).toEqual((json as { readonly secret: unknown }).secret);
    expect(await listRows()).toBe(before + 1);
  }, 120_000);

  test("several at once, and the server lives and stays small", async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, openList));
    const lengths = await Promise.all(answers.map(lengthOf));
    expect(new Set(lengths).size).toBe(1);
    expect(lengths[0]).toBeGreaterThan(longSecrets * permissions.length);
    expect(peakMb(vault.process.pid)).toBeLessThan(mostResidentMb);
    expect(vault.process.hasEnded()).toBe(false);
  }, 120_000);

  test("is streamed over HTTP/2", async () => {
    const session = connect(`http://${vault.host}:${vault.port}`);
    const stream = session.request({ ":path": "/api/zsc/list", authorization: `Bearer ${token}` });
    const list = JSON.parse(await textOf(stream));
    expect([list.count, list.secrets.length]).toEqual([longSecrets, longSecrets]);
    session.close();
  }, 120_000);

  test("shows one moment, whatever changes while it is read", async () => {
    const name = await newSecret(vault);
    const answer = await openList();
    answer.pause();
    const added = [freshName("zz"), freshName("aa")];
    for (const each of added) {
      await setSecret(vault, { name: each });
    }
    await vault.send("DELETE", `/api/zsc/${name}`);
    const { count, secrets } = JSON.parse(await textOf(answer)) as { count: number; secrets: { name: string }[] };
    expect([count, secrets.length]).toEqual([longSecrets + 1, longSecrets + 1]);
    expect(secrets.some((secret) => secret.name === name)).toBe(true);
    expect(secrets.some((secret) => added.includes(secret.name))).toBe(false);
    for (const each of added) {
      await vault.send("DELETE", `/api/zsc/${each}`);
    }
  }, 120_000);

  const clients = ["grpc-js", "Connect in JSON over HTTP/1.1", "gRPC-Web in JSON"];
  test.each(rpcClients.filter(([what]) => clients.includes(what)).map(([what, open]) => ({ what, open })))(
    "comes in answers of less than 4 MiB to $what, with or without a page size",
    async ({ open }) => {
      const client = open(vault);
      for (const pageSize of [undefined, 10_000]) {
        const names: string[] = [];
        let pageToken: string | undefined;
        do {
          const asked = {
            ...(pageSize === undefined ? {} : { pageSize }),
            ...(pageToken === undefined ? {} : { pageToken }),
          };
          const { message, failure } = await client.call(ZscAdmin.method.list, asked, { token });
          expect(failure).toBeUndefined();
          const page = message as ListResponse;
          expect(page.count).toBe(page.secrets.length);
          expect(Buffer.byteLength(JSON.stringify(page.secrets, plainNumbers))).toBeLessThan(4_194_304);
          names.push(...page.secrets.map(({ name }) => name));
          pageToken = page.nextPageToken;
        } while (pageToken !== undefined && names.length < 2 * longSecrets);
        expect(names).toEqual([...new Set(names)].sort());
        expect(names).toHaveLength(longSecrets);
      }
      client.close();
    },
    120_000,
  );

  test("comes in answers of less than 4 MiB as JSON, when a page size is given", async () => {
    const { text, json } = await vault.send("GET", "/api/zsc/list?pageSize=10000");
    expect(Buffer.byteLength(text)).toBeLessThan(4_194_304);
    const { count, secrets, nextPageToken } = json as { count: number; secrets: unknown[]; nextPageToken: string };
    expect(count).toBe(secrets.length);
    const rest = await vault.send("GET", `/api/zsc/list?pageToken=${nextPageToken}`);
    expect(rest.json).toMatchObject({ count: longSecrets - count });
    expect((rest.json as { secrets: unknown[] }).secrets).toHaveLength(longSecrets - count);
  }, 120_000);

  test("has audit rows whose payloads no answer shows, and no server holds", async () => {
    const name = "long-00001";
    await addAuditRows(vault, name, 400);
    const { json } = await vault.send("GET", `/api/zsc/audit/${name}?limit=500`);
    expect(json).toMatchObject({ ok: true, name, count: 400 });
    expect(vault.process.hasEnded()).toBe(false);
    expect(peakMb(vault.process.pid)).toBeLessThan(mostResidentMb);
    await vault.sql("DELETE FROM audit_log WHERE seq > 1000000");
  }, 120_000);

  if (database === "MariaDB") {
    test("is cut, and never a shorter one, when the database goes away in the middle", async () => {
      const answer = await openList();
      answer.pause();
      const [connection] = await listConnections();
      await vault.sql(`KILL ${connection}`);
      await expect(textOf(answer)).rejects.toMatchObject({ code: "ECONNRESET" });
      const lines = () => vault.process.log().filter(({ msg, code }) => msg !== "call" && code === "STORE_UNAVAILABLE");
      await until(() => lines().length > 0);
    }, 120_000);

    test("lets go of its connection when the caller goes, and of at most eight at a time", async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, openList));
      for (const answer of answers) {
        answer.pause();
      }
      expect(await listConnections()).toHaveLength(8);
      const refused = await vault.send("GET", "/api/zsc/list");
      expect(refused.status).toBe(500);
      expect(refused.json).toMatchObject({ error: "INTERNAL_ERROR", detail: "too many lists are being read" });
      for (const answer of answers) {
        answer.on("error", () => undefined).destroy();
      }
      await until(async () => (await listConnections()).length === 0);
      const again = await openList();
      expect(again.statusCode).toBe(200);
      again.destroy();
      expect(vault.process.hasEnded()).toBe(false);
    }, 120_000);
  }
});

function plainNumbers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

async function textOf(answer: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function lengthOf(answer: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const chunk of answer) {
    length += chunk.byteLength;
  }
  return length;
}

function peakMb(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1_024;
}

/** Written beside the server: what is sealed does not matter to a list. */
async function addLongSecrets(vault: Vault, count: number): Promise<void> {
  const number = vault.databaseUrl.startsWith("sqlite:") ? "printf('%05d', n)" : "LPAD(n, 5, '0')";
  const id = vault.databaseUrl.startsWith("sqlite:")
    ? "printf('00000000-0000-4000-8000-%012d', n)"
    : "CONCAT('00000000-0000-4000-8000-', LPAD(n, 12, '0'))";
  const name = vault.databaseUrl.startsWith("sqlite:") ? `'long-' || ${number}` : `CONCAT('long-', ${number})`;
  await vault.sql(`INSERT INTO secret (id, name, purpose_tag, bound_zid, permissions, expires_zeqond, version,
      sealed_key, sealed_value, created_at, updated_at)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
    SELECT ${id}, ${name}, NULL, 'ZEQ-SYS', '${permissions}', NULL, 1, X'00', X'00',
      '2026-05-17T13:11:14.277Z', '2026-05-17T13:11:14.277Z' FROM numbers`);
}

async function addAuditRows(vault: Vault, name: string, count: number): Promise<void> {
  const isSqlite = vault.databaseUrl.startsWith("sqlite:");
  const id = isSqlite
    ? "printf('00000000-0000-4000-8000-%012d', n)"
    : "CONCAT('00000000-0000-4000-8000-', LPAD(n, 12, '0'))";
  await vault.sql(`INSERT INTO audit_log (seq, id, origin_id, zeqond_number, actor_zid, transition_type, transition_id,
      payload_json, proof_purpose, proof_digest, prev_hash, created_at, row_hash)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
    SELECT 1000000 + n, ${id}, 'zsc:${name}', 1, 'ZEQ-1', 'secret_set', ${id}, '${permissions}', 'set',
      '${"a".repeat(64)}', '${"a".repeat(64)}', '2026-05-17T13:11:14.277Z', '${"a".repeat(64)}' FROM numbers`);
  await vault.sql(
    "UPDATE audit_log SET before_seq = CASE seq WHEN 1000001 THEN 0 ELSE seq - 1 END WHERE seq > 1000000",
  );
  await vault.sql(`REPLACE INTO audit_origin (origin_id, last_seq) VALUES ('zsc:${name}', ${1_000_000 + count})`);
}
