import { createHash } from "node:crypto";
import { closeVaults, databaseKinds } from "../support/vault.ts";
import { type Api, newVault, openApi, problem, time, uuid } from "./support.ts";

afterAll(closeVaults);

describe.each(databaseKinds)("secrets of vaults, on %s,", (database) => {
  let api: Api;
  let base: string;
  let count = 0;

  beforeAll(async () => {
    api = await openApi(database);
    ({ base } = await newVault(api.ann, "secrets"));
  });
  afterAll(() => api.vault.close());

  const fresh = () => `folder/secret-${++count}`;
  const put = (path: string, body: object, headers = {}) =>
    api.ann.ask("PUT", `${base}/secrets/${path}`, { body, headers });
  const get = (path: string) => api.ann.ask("GET", `${base}/secrets/${path}`);

  test("a vault has exactly its keys, and its name once", async () => {
    const made = await api.ann.ask("POST", "/v1/vaults", { body: { name: "  my vault ", description: "d" } });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: expect.stringMatching(uuid),
      name: "my vault",
      description: "d",
      created_by: api.ann.id,
      created_by_type: "user",
      created_at: expect.stringMatching(time),
    });
    expect(made.headers.get("zsc-receipt")).toMatch(/^\d+\.[0-9a-f]{64}$/);
    expect(await api.ann.ask("POST", "/v1/vaults", { body: { name: "my vault" } })).toMatchObject(
      problem(409, "Conflict"),
    );
    expect((await api.ann.ask("POST", "/v1/vaults", { body: { name: "My vault" } })).status).toBe(201);
    const custody = { name: "custody", mpc_custody: {} };
    expect(await api.ann.ask("POST", "/v1/vaults", { body: custody })).toMatchObject(problem(400, "Bad Request"));
    for (const name of ["", "   ", "x".repeat(256), 7, null]) {
      expect(await api.ann.ask("POST", "/v1/vaults", { body: { name } })).toMatchObject(problem(400, "Bad Request"));
    }
    expect((await api.ann.ask("POST", "/v1/vaults", { body: { name: "🔑".repeat(255) } })).status).toBe(201);
    const { body } = await api.ann.ask("GET", `/v1/vaults/${made.body.id.toUpperCase()}`);
    expect(body).toEqual(made.body);
    expect((await api.ann.ask("DELETE", `/v1/vaults/${made.body.id}`)).status).toBe(204);
    expect(await api.ann.ask("GET", `/v1/vaults/${made.body.id}`)).toMatchObject(problem(404, "Not Found"));
    expect((await api.ann.ask("POST", "/v1/vaults", { body: { name: "my vault" } })).status).toBe(201);
  });

  test("a secret is written without a type, and read with exactly its keys", async () => {
    const path = fresh();
    const first = await put(path, { value: "x" });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      id: expect.stringMatching(uuid),
      ...{ path, type: "generic", version: 1, metadata: {}, created_at: expect.stringMatching(time) },
    });
    const second = await put(path, {
      ...{ value: "öü\n\u0000🔑", type: "password", metadata: { a: 1, b: [true, null], c: { d: "e" } } },
      ...{ expires_at: "2126-12-31T23:59:59Z", rotation_policy: { days: 3 }, stray: 1, max_access_count: null },
    });
    expect(second.body).toMatchObject({ version: 2, type: "password", expires_at: "2126-12-31T23:59:59Z" });
    expect(second.body.id).not.toBe(first.body.id);
    const read = await get(path);
    expect(read.headers.get("cache-control")).toBe("no-store");
    expect(read.body).toEqual({
      ...second.body,
      metadata: { a: 1, b: [true, null], c: { d: "e" } },
      value: "öü\n\u0000🔑",
      created_by: `user:${api.ann.id}`,
    });
    expect((await api.ann.ask("GET", `${base}/secrets/${path.replace("/", "%2F")}`)).body).toEqual(read.body);
    const { body } = await api.ann.ask("GET", `${base}/secret-version/${path}/1`);
    expect(body).toMatchObject({ id: first.body.id, value: "x", version: 1, type: "generic" });
    // The type goes on, and nothing else does.
    expect((await put(path, { value: "y" })).body).toEqual({
      ...{ id: expect.any(String), path, type: "password", version: 3, metadata: {}, created_at: expect.any(String) },
    });
  });

  test.each([
    ["a//b", "GET"],
    ["a.b", "PUT"],
    ["a%252Fb", "GET"],
    ["a/", "DELETE"],
    ["%E9", "GET"],
    ["a%20b", "PUT"],
    ["", "GET"],
    ["x".repeat(1_025), "PUT"],
  ])("the path %j is 400", async (path, method) => {
    const asking = method === "PUT" ? { body: { value: "v" } } : {};
    expect(await api.ann.ask(method, `${base}/secrets/${path}`, asking)).toMatchObject(problem(400, "Bad Request"));
  });

  test.each([
    [{}],
    [{ value: "" }],
    [{ value: 7 }],
    [{ value: "\ud800" }],
    [{ value: "v", type: "nothing" }],
    [{ value: "v", metadata: [] }],
    [{ value: "v", metadata: "x" }],
    [{ value: "v", metadata: { a: "x".repeat(65_536) } }],
    [{ value: "v", expires_at: "2026-02-30T00:00:00Z" }],
    [{ value: "v", expires_at: "tomorrow" }],
    [{ value: "v", max_access_count: 0 }],
    [{ value: "v", max_access_count: -1 }],
    [{ value: "v", max_access_count: 1.5 }],
    [{ value: "v", max_access_count: "3" }],
    [[]],
  ])("the body %j is 400, quotes nothing, and writes nothing", async (body) => {
    const path = fresh();
    const refused = await api.ann.ask("PUT", `${base}/secrets/${path}`, { body });
    expect(refused).toMatchObject(problem(400, "Bad Request"));
    expect(JSON.stringify(refused.body)).not.toMatch(/nothing"|tomorrow|xxxx/);
    expect((await get(path)).status).toBe(404);
  });

  test("a body is JSON whatever its type says, and an empty one is none", async () => {
    const path = fresh();
    const headers = { "content-type": "text/plain" };
    expect((await api.ann.ask("PUT", `${base}/secrets/${path}`, { body: { value: "v" }, headers })).status).toBe(201);
    expect((await api.ann.ask("POST", `${base}/secret-rotate/${path}`)).status).toBe(201);
    expect((await api.ann.ask("POST", `${base}/secret-version-disable/${path}/1`)).status).toBe(204);
    expect((await api.ann.ask("DELETE", `${base}/secrets/${path}`)).status).toBe(204);
    expect(await api.ann.ask("PUT", `${base}/secrets/${path}`, { text: "{" })).toMatchObject(
      problem(400, "Bad Request"),
    );
  });

  test.each([
    ['{"value":"v","metadata":{"a":[{"b":1e400}]}}', "metadata has a number that is too large"],
    ['{"value":"v","metadata":{"a":"\\ud800"}}', undefined],
    ['{"value":"v","metadata":{"\\udfff":1}}', undefined],
    ['{"value":"v","rotation_policy":{"every":-1e999}}', "rotation_policy has a number that is too large"],
  ])("what JSON can say and nothing can keep is refused: %s", async (text, detail) => {
    const path = fresh();
    const refused = await api.ann.ask("PUT", `${base}/secrets/${path}`, { text });
    expect(refused).toMatchObject(problem(400, "Bad Request", ...(detail === undefined ? [] : [detail])));
    expect((await get(path)).status).toBe(404);
  });

  test("values go to 4 MiB, and bodies to 5 MiB", async () => {
    const path = fresh();
    const value = "ä".repeat(2_097_152);
    expect((await put(path, { value })).status).toBe(201);
    expect((await get(path)).body.value).toBe(value);
    expect((await put(path, { value: `${value}x` })).status).toBe(400);
    const large = await put(path, { value: "x".repeat(5_242_880) });
    expect(large).toMatchObject(problem(413, "Payload Too Large"));
  }, 60_000);

  test("what is deleted is gone, and comes back with the next number", async () => {
    const path = fresh();
    await put(path, { value: "1" });
    await put(path, { value: "2" });
    expect((await api.ann.ask("DELETE", `${base}/secrets/${path}`)).status).toBe(204);
    expect(await get(path)).toMatchObject(problem(410, "Gone"));
    expect(await api.ann.ask("GET", `${base}/secret-versions/${path}`)).toMatchObject(problem(410, "Gone"));
    expect(await api.ann.ask("DELETE", `${base}/secrets/${path}`)).toMatchObject(problem(404, "Not Found"));
    const { body: list } = await api.ann.ask("GET", `${base}/secrets?prefix=${path}`);
    expect(list).toEqual({ secrets: [] });
    expect((await put(path, { value: "3" })).body.version).toBe(3);
    expect((await get(path)).body.value).toBe("3");
    expect(await api.ann.ask("GET", `${base}/secret-version/${path}/2`)).toMatchObject(problem(410, "Gone"));
    const { body } = await api.ann.ask("GET", `${base}/secret-versions/${path}`);
    expect(body.versions.map(({ version }: { version: number }) => version)).toEqual([3]);
  });

  test("versions are listed newest first, and a disabled one says so and cannot be read", async () => {
    const path = fresh();
    for (const value of ["1", "2", "3"]) {
      await put(path, { value });
    }
    expect((await api.ann.ask("POST", `${base}/secret-version-disable/${path}/2`)).status).toBe(204);
    expect((await api.ann.ask("POST", `${base}/secret-version-disable/${path}/2`)).status).toBe(204);
    const { body } = await api.ann.ask("GET", `${base}/secret-versions/${path}`);
    expect(body.versions.map(({ version, is_disabled }: Record<string, unknown>) => [version, is_disabled])).toEqual([
      [3, undefined],
      [2, true],
      [1, undefined],
    ]);
    expect(await api.ann.ask("GET", `${base}/secret-version/${path}/2`)).toMatchObject(problem(410, "Gone"));
    expect((await api.ann.ask("GET", `${base}/secret-version/${path}/1`)).body.value).toBe("1");
    await api.ann.ask("POST", `${base}/secret-version-disable/${path}/3`);
    expect(await get(path)).toMatchObject(problem(410, "Gone"));
    expect(await api.ann.ask("GET", `${base}/secret-version/${path}/4`)).toMatchObject(problem(404, "Not Found"));
    for (const version of ["0", "x", "1.5", "-1", "1e3"]) {
      expect((await api.ann.ask("GET", `${base}/secret-version/${path}/${version}`)).status).toBe(400);
    }
    // Versions have no gaps, whatever was done to those before.
    expect((await put(path, { value: "4" })).body.version).toBe(4);
  });

  test("what has expired is gone at once", async () => {
    const path = fresh();
    expect((await put(path, { value: "v", expires_at: "2020-01-01T00:00:00+02:00" })).body.expires_at).toBe(
      "2019-12-31T22:00:00Z",
    );
    expect(await get(path)).toMatchObject(problem(410, "Gone"));
    const { body } = await api.ann.ask("GET", `${base}/secrets?prefix=${path}`);
    expect(body.secrets).toHaveLength(1);
  });

  test("a rotated secret has a made value, and keeps its metadata", async () => {
    const path = fresh();
    await put(path, { value: "v", type: "password", metadata: { a: 1 }, max_access_count: 1 });
    const rotated = await api.ann.ask("POST", `${base}/secret-rotate/${path}`, {
      body: { length: 64, charset: "ascii" },
    });
    expect(rotated).toMatchObject({ status: 201, body: { version: 2, type: "password", metadata: { a: 1 } } });
    expect(rotated.body.value).toBeUndefined();
    expect((await get(path)).body.value).toMatch(/^[!-~]{64}$/);
    expect((await get(path)).status).toBe(200);
    for (const body of [{ length: 7 }, { length: 1_025 }, { length: "32" }, { charset: "x" }, { type: "x" }]) {
      expect((await api.ann.ask("POST", `${base}/secret-rotate/${path}`, { body })).status).toBe(400);
    }
    expect((await api.ann.ask("POST", `${base}/secret-rotate/${fresh()}`)).status).toBe(404);
  });

  test("If-Match and If-None-Match let exactly one of many writers win", async () => {
    const path = fresh();
    const created = await Promise.all(
      Array.from({ length: 10 }, () => put(path, { value: "v" }, { "if-none-match": "*" })),
    );
    expect(created.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(412)]);
    const changed = await Promise.all(
      Array.from({ length: 10 }, () => put(path, { value: "w" }, { "if-match": '"1"' })),
    );
    expect(changed.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(412)]);
    expect((await put(path, { value: "w" }, { "if-match": 'W/"2"' })).status).toBe(412);
    expect((await put(path, { value: "w" }, { "if-match": "*" })).body.version).toBe(3);
    expect((await put(fresh(), { value: "w" }, { "if-match": "*" })).status).toBe(412);
    expect((await put(path, { value: "w" }, { "if-match": "abc" })).status).toBe(400);
  });

  test("concurrent writers get distinct consecutive versions", async () => {
    const path = fresh();
    const all = await Promise.all(Array.from({ length: 40 }, (_, index) => put(path, { value: `v${index}` })));
    expect(all.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual(all.map((_, index) => index + 1));
  });

  test("an idempotency key repeats an answer and counts nothing twice", async () => {
    const path = fresh();
    const key = { "idempotency-key": `k-${path.replace("/", "-")}` };
    const first = await put(path, { value: "v", max_access_count: 1 }, key);
    const again = await put(path, { value: "v", max_access_count: 1 }, key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(await put(path, { value: "w", max_access_count: 1 }, key)).toMatchObject(
      problem(422, "Unprocessable Content"),
    );
    expect(await put(fresh(), { value: "v", max_access_count: 1 }, key)).toMatchObject(
      problem(422, "Unprocessable Content"),
    );
    // It comes before compare-and-set.
    expect((await put(path, { value: "v", max_access_count: 1 }, { ...key, "if-none-match": "*" })).status).toBe(201);
    const reading = { headers: { "idempotency-key": `g-${path.replace("/", "-")}` } };
    const read = await api.ann.ask("GET", `${base}/secrets/${path}`, reading);
    expect(read.body.value).toBe("v");
    expect((await api.ann.ask("GET", `${base}/secrets/${path}`, reading)).body).toEqual(read.body);
    expect((await get(path)).status).toBe(410);
    await put(path, { value: "newer" });
    // The answer that was given, and not what is newest.
    expect((await api.ann.ask("GET", `${base}/secrets/${path}`, reading)).body).toEqual(read.body);
    await api.vault.restart();
    expect((await api.ann.ask("GET", `${base}/secrets/${path}`, reading)).body).toEqual(read.body);
    await api.ann.ask("DELETE", `${base}/secrets/${path}`);
    expect((await api.ann.ask("GET", `${base}/secrets/${path}`, reading)).status).toBe(410);
    expect((await put(path, { value: "x" }, { "idempotency-key": "with space" })).status).toBe(400);
  });

  test("an answer that was copied by hand to another idempotency key is not repeated", async () => {
    const path = fresh();
    await put(path, { value: "v", max_access_count: 1 });
    const [given, forged] = [`given-${count}`, `forged-${count}`];
    const read = (key: string) =>
      api.ann.ask("GET", `${base}/secrets/${path}`, { headers: { "idempotency-key": key } });
    const idOf = (key: string) => createHash("sha256").update(`user:${api.ann.id} ${key}`).digest("hex");
    expect((await read(given)).status).toBe(200);
    expect((await read(forged)).status).toBe(410);
    const { sql } = api.vault;
    await sql(
      `INSERT INTO keyed_answer (seq, id, fingerprint, number, zeqond)
       SELECT seq + 1000000, '${idOf(forged)}', fingerprint, number, zeqond FROM keyed_answer WHERE id = '${idOf(given)}'`,
    );
    expect(await read(forged)).toMatchObject(problem(422, "Unprocessable Content"));
    await sql(`DELETE FROM keyed_answer WHERE id = '${idOf(forged)}'`);
  });

  test("a limit of 17 reads gives 17 values to 200 readers of both routes, on two servers", async () => {
    const path = fresh();
    const { body } = await put(path, { value: "v", max_access_count: 17 });
    const other = database === "MariaDB" ? await openSecond(api) : undefined;
    const routes = [`${base}/secrets/${path}`, `${base}/secret-version/${path}/${body.version}`];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const port = index % 3 === 0 ? other?.port : undefined;
        return api.ann.ask("GET", routes[index % 2] as string, port === undefined ? {} : { port });
      }),
    );
    expect(answers.filter(({ status }) => status === 200).every((answer) => answer.body.value === "v")).toBe(true);
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(17).fill(200), ...Array(183).fill(410)]);
    await put(path, { value: "w", max_access_count: 1 });
    expect((await api.ann.ask("GET", routes[1] as string)).status).toBe(410);
    expect((await get(path)).body.value).toBe("w");
    await other?.close();
  }, 60_000);

  test("all of it is in a log that is whole", async () => {
    expect(await api.vault.verify()).toMatchObject({ code: 0, stderr: "" });
  });
});

/** Another server over the same database. */
async function openSecond({ vault }: Api) {
  const { openVault } = await import("../support/vault.ts");
  const { databaseUrl, masterKey, jwtSecret, env } = vault;
  return await openVault({ databaseUrl, keys: { masterKey, jwtSecret }, env });
}
