import { type HttpClient, http1Client, http2Client } from "../support/http.ts";
import { freshName, receiptText } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

/** The life of a secret over HTTP/1.1 and HTTP/2 on the one port. */
export function httpVersions(vault: () => Vault): void {
  describe.each([
    ["HTTP/1.1", http1Client],
    ["HTTP/2", http2Client],
  ])("over %s", (_version, clientOf) => {
    let client: HttpClient;
    let token = "";
    beforeAll(async () => {
      client = clientOf(vault().host, vault().port);
      token = await vault().token("admin", admin);
    });
    afterAll(() => client.close());

    test("create, read, update, grant, audit and delete", async () => {
      const name = freshName("crud");
      const call = async (method: string, path: string, body?: unknown) => {
        const answer = await client.send(method, `/api/zsc/${path}`, { token, body });
        expect(answer.receipt).toMatch(receiptText);
        expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
        return [answer.status, answer.json];
      };
      expect(await call("POST", "set", { name, value: "v" })).toEqual([200, { ok: true, name }]);
      expect(await call("GET", `info/${name}`)).toMatchObject([200, { secret: { name, purpose_tag: null } }]);
      expect(await call("POST", "set", { name, value: "w", purposeTag: "t" })).toMatchObject([200, { ok: true }]);
      expect(await call("POST", `grant/${name}`, { zid: "Z" })).toMatchObject([200, { permissions: ["Z"] }]);
      expect(await call("GET", `audit/${name}?limit=2`)).toMatchObject([200, { count: 2 }]);
      expect(await call("POST", `rotate/${name}`)).toMatchObject([200, { rotated: true }]);
      expect(await call("DELETE", name)).toMatchObject([200, { deleted: true }]);
      expect(await call("GET", `info/${name}`)).toEqual([404, { ok: false, error: "NOT_FOUND" }]);
    });

    test("the cookie is as good as the header", async () => {
      const headers = { cookie: ["theme=dark", `zeq_admin=${token}`] };
      expect((await client.send("GET", "/api/zsc/list", { headers })).status).toBe(200);
    });

    test("refusals are the same", async () => {
      const send = (method: string, path: string, body?: unknown) => client.send(method, path, { token, body });
      const refusals = [
        await send("POST", "/api/zsc/set", { name: "", value: "v" }),
        await client.send("GET", "/api/zsc/list", {}),
        await send("GET", "/api/zsc/no/such/path"),
        await send("PUT", "/api/zsc/list"),
        await send("POST", "/api/zsc/set", "x".repeat(3_000_000)),
      ];
      expect(refusals.map(({ status, json }) => [status, (json as { readonly error: string }).error])).toEqual([
        [400, "name required"],
        [401, "unauthorized"],
        [404, "NOT_FOUND"],
        [405, "METHOD_NOT_ALLOWED"],
        [413, "request too large"],
      ]);
    });

    test("health needs no token", async () => {
      expect((await client.send("GET", "/healthz")).json).toEqual({ status: "ok" });
      expect((await client.send("GET", "/readyz")).json).toMatchObject({ status: "ready", durable: true });
    });
  });
}
