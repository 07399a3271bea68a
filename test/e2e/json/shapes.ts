import {
  freshName,
  hex64,
  isoTime,
  type Metadata,
  metadataOf,
  newSecret,
  type Row,
  setSecret,
  uuid,
} from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

const metadataKeys = [
  "id",
  "name",
  "purpose_tag",
  "bound_zid",
  "expires_zeqond",
  "last_read_zeqond",
  "read_count",
  "permissions",
  "created_at",
  "updated_at",
];
const rowKeys = ["id", "zeqondNumber", "transitionId", "transitionType", "proofDigest", "createdAt"];

/** The success of each endpoint, to the letter. */
export function successShapes(vault: () => Vault): void {
  test("set answers ok and the name and nothing else", async () => {
    const name = freshName();
    const answer = await vault().send("POST", "/api/zsc/set", { body: { name, value: "v" } });
    expect([answer.status, answer.text]).toEqual([200, `{"ok":true,"name":"${name}"}`]);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  test("info answers all of the metadata, and null where there is nothing", async () => {
    const name = await newSecret(vault());
    const { status, json } = await vault().send("GET", `/api/zsc/info/${name}`);
    const { secret } = json as { readonly secret: Metadata };
    expect(status).toBe(200);
    expect(Object.keys(json as object)).toEqual(["ok", "secret"]);
    expect(Object.keys(secret)).toEqual(metadataKeys);
    expect(secret).toEqual({
      id: expect.stringMatching(uuid),
      name,
      purpose_tag: null,
      bound_zid: "ZEQ-SYS",
      expires_zeqond: expect.any(Number),
      last_read_zeqond: null,
      read_count: 0,
      permissions: [],
      created_at: expect.stringMatching(isoTime),
      updated_at: secret.created_at,
    });
  });

  test("list answers the count and every secret's metadata, ordered by name, byte by byte", async () => {
    for (const name of ["order-b", "order-B", "order-ä", "order-a", "order-a "]) {
      await setSecret(vault(), { name });
    }
    const { status, json } = await vault().send("GET", "/api/zsc/list");
    const { count, secrets } = json as { readonly count: number; readonly secrets: readonly Metadata[] };
    const ours = secrets.map(({ name }) => name).filter((name) => name.startsWith("order-"));
    expect(status).toBe(200);
    expect(Object.keys(json as object)).toEqual(["ok", "count", "secrets"]);
    expect(count).toBe(secrets.length);
    expect(ours).toEqual(["order-B", "order-a", "order-a ", "order-b", "order-ä"]);
    for (const secret of secrets) {
      expect(Object.keys(secret)).toEqual(metadataKeys);
    }
    expect(secrets.find(({ name }) => name === "order-a")).toEqual(await metadataOf(vault(), "order-a"));
  });

  test("list in pages gives every secret once", async () => {
    const whole = (await vault().send("GET", "/api/zsc/list")).json as { readonly secrets: readonly Metadata[] };
    const names: string[] = [];
    let query = "?pageSize=3";
    for (;;) {
      const { json } = await vault().send("GET", `/api/zsc/list${query}`);
      const page = json as { readonly count: number; readonly secrets: readonly Metadata[]; nextPageToken?: string };
      expect(page.count).toBe(page.secrets.length);
      names.push(...page.secrets.map(({ name }) => name));
      if (page.nextPageToken === undefined) {
        break;
      }
      expect(page.count).toBe(3);
      query = `?pageSize=3&pageToken=${page.nextPageToken}`;
    }
    expect(names).toEqual(whole.secrets.map(({ name }) => name));
    for (const bad of ["0", "-1", "10001", "x", "1.5"]) {
      expect((await vault().send("GET", `/api/zsc/list?pageSize=${bad}`)).status).toBe(400);
    }
  });

  // Not base64url, padded, with bits left over, no UTF-8, or the token of no name.
  test.each(["!!!!", "YQ!!", "YQ==", "YR", "_w", "gICA", "Li4"])(
    "a page token that is none of ours: %s",
    async (token) => {
      const { status, json } = await vault().send("GET", `/api/zsc/list?pageToken=${encodeURIComponent(token)}`);
      expect([status, json]).toEqual([400, { ok: false, error: "pageToken is not one of ours" }]);
    },
  );

  test.each(["", "{}"])("rotate needs no body: %j", async (body) => {
    const name = await newSecret(vault());
    const answer = await vault().send("POST", `/api/zsc/rotate/${name}`, body === "" ? {} : { body });
    expect([answer.status, answer.text]).toEqual([200, `{"ok":true,"name":"${name}","rotated":true}`]);
  });

  test("grant and revoke answer the whole list, in the order of the grants", async () => {
    const name = await newSecret(vault());
    const call = async (what: string, zid: string) =>
      (await vault().send("POST", `/api/zsc/${what}/${name}`, { body: { zid } })).text;
    const shape = (zid: string, permissions: readonly string[]) => JSON.stringify({ ok: true, name, zid, permissions });
    expect(await call("grant", "ZEQ-2")).toBe(shape("ZEQ-2", ["ZEQ-2"]));
    expect(await call("grant", "ZEQ-1")).toBe(shape("ZEQ-1", ["ZEQ-2", "ZEQ-1"]));
    expect(await call("grant", "ZEQ-2")).toBe(shape("ZEQ-2", ["ZEQ-2", "ZEQ-1"]));
    expect(await call("revoke", "ZEQ-2")).toBe(shape("ZEQ-2", ["ZEQ-1"]));
    expect(await call("revoke", "ZEQ-9")).toBe(shape("ZEQ-9", ["ZEQ-1"]));
    expect(await call("revoke", "ZEQ-1")).toBe(shape("ZEQ-1", []));
  });

  test("audit answers the name, the count and the rows, newest first", async () => {
    const name = await newSecret(vault());
    await vault().send("POST", `/api/zsc/rotate/${name}`);
    const { status, json } = await vault().send("GET", `/api/zsc/audit/${name}`);
    const { rows } = json as { readonly rows: readonly Row[] };
    expect(status).toBe(200);
    expect(Object.keys(json as object)).toEqual(["ok", "name", "count", "rows"]);
    expect(json).toMatchObject({ ok: true, name, count: 2 });
    expect(rows.map(({ transitionType }) => transitionType)).toEqual(["secret_rotated", "secret_set"]);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(rowKeys);
      expect(row).toMatchObject({
        id: expect.stringMatching(uuid),
        zeqondNumber: expect.stringMatching(/^[1-9]\d*$/),
        transitionId: expect.stringMatching(uuid),
        proofDigest: expect.stringMatching(hex64),
        createdAt: expect.stringMatching(isoTime),
      });
    }
  });

  test("probe answers granted, or the reason why not", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    const ask = async (asZid: string) =>
      (await vault().send("POST", "/api/zsc/probe-permission", { body: { name, asZid } })).text;
    expect(await ask("ZEQ-OWNER")).toBe('{"ok":true,"granted":true}');
    expect(await ask("ZEQ-SHAPE-STRANGER")).toBe('{"ok":true,"granted":false,"reason":"denied"}');
  });

  test("delete answers that it is gone, and then nobody finds it", async () => {
    const name = await newSecret(vault());
    const answer = await vault().send("DELETE", `/api/zsc/${name}`);
    expect([answer.status, answer.text]).toEqual([200, `{"ok":true,"name":"${name}","deleted":true}`]);
    const after = await vault().send("DELETE", `/api/zsc/${name}`);
    expect([after.status, after.text]).toEqual([404, '{"ok":false,"error":"NOT_FOUND"}']);
  });

  test.each([
    ["GET", "/api/zsc/info/no-such-secret", undefined],
    ["POST", "/api/zsc/rotate/no-such-secret", undefined],
    ["POST", "/api/zsc/grant/no-such-secret", { zid: "ZEQ-1" }],
    ["POST", "/api/zsc/revoke/no-such-secret", { zid: "ZEQ-1" }],
    ["DELETE", "/api/zsc/no-such-secret", undefined],
  ])("%s %s is 404 in one envelope", async (method, path, body) => {
    const answer = await vault().send(method, path, body === undefined ? {} : { body });
    expect([answer.status, answer.text]).toEqual([404, '{"ok":false,"error":"NOT_FOUND"}']);
  });
}
