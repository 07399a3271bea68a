import { http2Client, type Sent } from "../support/http.ts";
import { admin, type Vault } from "../support/vault.ts";

const unauthorized = [401, '{"ok":false,"error":"unauthorized"}'];
const forbidden = [403, '{"ok":false,"error":"forbidden"}'];

/** Bearer and cookie, alone, together and in contradiction. */
export function access(vault: () => Vault): void {
  let token = "";
  let other = "";
  let caller = "";
  const basic = `Basic ${Buffer.from("proxy:password").toString("base64")}`;
  beforeAll(async () => {
    token = await vault().token("admin", admin);
    other = await vault().token("admin", "ZEQ-ADMIN-2");
    caller = await vault().token("caller", "ZEQ-CALLER");
  });

  const list = async (sent: Sent) => {
    const answer = await vault().sendBare("GET", "/api/zsc/list", sent);
    return [answer.status, answer.status === 200 ? "" : answer.text];
  };
  const actor = async () => (await vault().sql("SELECT actor_zid FROM audit_log ORDER BY seq DESC LIMIT 1"))[0]?.[0];

  test.each([
    ["a bearer token", () => ({ authorization: `Bearer ${token}` })],
    ["the scheme in another case", () => ({ authorization: `bEARER  ${token}` })],
    ["the cookie", () => ({ cookie: `zeq_admin=${token}` })],
    ["the cookie among others", () => ({ cookie: `theme=dark; zeq_admin=${token}; zeq=1` })],
    ["the cookie beside another scheme", () => ({ authorization: basic, cookie: `zeq_admin=${token}` })],
    ["the same cookie twice", () => ({ cookie: `zeq_admin=${token}; zeq_admin=${token}` })],
  ])("%s opens the door", async (_what, headers) => {
    expect(await list({ headers: headers() })).toEqual([200, ""]);
    expect(await actor()).toBe(admin);
  });

  test("a bearer header wins over the cookie", async () => {
    const headers = { authorization: `Bearer ${other}`, cookie: `zeq_admin=${token}` };
    expect(await list({ headers })).toEqual([200, ""]);
    expect(await actor()).toBe("ZEQ-ADMIN-2");
    expect(await list({ headers: { authorization: "Bearer bad", cookie: `zeq_admin=${token}` } })).toEqual(
      unauthorized,
    );
    expect(await list({ headers: { authorization: `Bearer ${caller}`, cookie: `zeq_admin=${token}` } })).toEqual(
      forbidden,
    );
    const twoCookies = { authorization: `Bearer ${token}`, cookie: `zeq_admin=${token}; zeq_admin=${other}` };
    expect(await list({ headers: twoCookies })).toEqual([200, ""]);
  });

  test.each([
    ["no header at all", () => ({})],
    ["two different cookies", () => ({ cookie: `zeq_admin=${token}; zeq_admin=${other}` })],
    ["a good and an empty cookie", () => ({ cookie: `zeq_admin=${token}; zeq_admin=` })],
    ["an empty cookie", () => ({ cookie: "zeq_admin=" })],
    ["a cookie of another name", () => ({ cookie: `Zeq_Admin=${token}` })],
    ["another scheme", () => ({ authorization: basic })],
    [
      "another scheme, and two different cookies",
      () => ({
        authorization: basic,
        cookie: `zeq_admin=${token}; zeq_admin=${other}`,
      }),
    ],
    ["a bearer that is none, and a good cookie", () => ({ authorization: "Bearer", cookie: `zeq_admin=${token}` })],
    ["a scheme alone", () => ({ authorization: "Bearer" })],
    ["a token alone", () => ({ authorization: token })],
    ["two tokens in one header", () => ({ authorization: `Bearer ${token}, Bearer ${token}` })],
    ["a word that is no token", () => ({ authorization: "Bearer not-a-token" })],
  ])("%s does not", async (_what, headers) => {
    expect(await list({ headers: headers() })).toEqual(unauthorized);
  });

  describe("a cookie", () => {
    const crossSite = [403, '{"ok":false,"error":"forbidden","detail":"cross-site request"}'];
    const evil = { origin: "https://evil.example" };
    const body = { name: "cookie-made", value: "v" };
    const sendAs = async (method: string, path: string, headers: Sent["headers"] = {}, sent: unknown = undefined) => {
      const all = { cookie: `zeq_admin=${token}`, ...headers };
      const answer = await vault().sendBare(method, path, {
        headers: all,
        ...(sent === undefined ? {} : { body: sent }),
      });
      return [answer.status, answer.text];
    };
    const set = (headers: Sent["headers"]) => sendAs("POST", "/api/zsc/set", headers, body);
    const json = { "content-type": "application/json" };
    const ours = () => ({ origin: `http://${vault().host}:${vault().port}` });

    test("changes nothing from another site, on any path and surface", async () => {
      const head = async () => (await vault().sql("SELECT seq FROM audit_head"))[0]?.[0];
      const before = await head();
      for (const headers of [
        evil,
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
        { "content-type": "text/plain" },
      ]) {
        expect(await set({ ...headers })).toEqual(crossSite);
        expect(await set({ ...json, ...headers })).toEqual(crossSite);
      }
      expect(await set({})).toEqual(crossSite);
      for (const path of ["rotate/x", "grant/x", "revoke/x", "probe-permission"]) {
        expect(await sendAs("POST", `/api/zsc/${path}`, { ...json, ...evil }, {})).toEqual(crossSite);
      }
      expect(await sendAs("DELETE", "/api/zsc/x", evil)).toEqual(crossSite);
      for (const type of [
        "application/json",
        "application/proto",
        "application/grpc-web+proto",
        "application/grpc-web+json",
      ]) {
        const headers = { ...evil, cookie: `zeq_admin=${token}`, "content-type": type };
        const answer = await vault().sendBare("POST", "/zsc.v1.ZscAdmin/List", { headers, body: "{}" });
        const isConnect = !type.includes("grpc");
        expect([answer.status, answer.headers["grpc-status"]]).toEqual([isConnect ? 403 : 200, undefined]);
        expect(answer.text).toContain("cross-site request");
      }
      expect(await head()).toBe(before);
    });

    test("works from our own pages, and where there is no browser", async () => {
      for (const headers of [ours(), { ...ours(), "sec-fetch-site": "same-origin" }, json]) {
        expect((await set({ ...json, ...headers }))[0]).toBe(200);
      }
      expect((await sendAs("POST", "/api/zsc/rotate/cookie-made"))[0]).toBe(200);
      expect((await sendAs("GET", "/api/zsc/list", { ...evil, "sec-fetch-site": "cross-site" }))[0]).toBe(200);
      expect((await sendAs("DELETE", "/api/zsc/cookie-made", ours()))[0]).toBe(200);
    });

    test("is judged over HTTP/2 as well", async () => {
      const http2 = http2Client(vault().host, vault().port);
      const send = async (more: Sent["headers"]) => {
        const headers = { ...json, ...more, cookie: ["theme=dark", `zeq_admin=${token}`] };
        return (await http2.send("POST", "/api/zsc/set", { headers, body })).status;
      };
      expect([await send({}), await send(ours()), await send(evil)]).toEqual([200, 200, 403]);
      http2.close();
    });

    test("does not matter beside a bearer token", async () => {
      const headers = { authorization: `Bearer ${token}`, ...evil, "sec-fetch-site": "cross-site" };
      expect((await set(headers))[0]).toBe(200);
    });

    test("is judged after the token, and before the body", async () => {
      const bad = { cookie: "zeq_admin=no-token", ...evil };
      expect(await sendAs("POST", "/api/zsc/set", bad, "no JSON")).toEqual(unauthorized);
      expect(await sendAs("POST", "/api/zsc/set", { ...json, ...evil }, "no JSON")).toEqual(crossSite);
    });

    test("is no caller's", async () => {
      const headers = { cookie: `zeq_admin=${caller}`, ...json };
      const answer = await vault().sendBare("POST", "/zsc.v1.ZeqContext/Read", { headers, body: { name: "x" } });
      expect([answer.status, answer.json]).toMatchObject([403, { code: "permission_denied", message: "forbidden" }]);
    });
  });

  test.each(["caller", "system"] as const)("a token of the role %s is forbidden", async (role) => {
    const good = await vault().token(role, "ZEQ-CALLER");
    expect(await list({ token: good })).toEqual(forbidden);
    expect(await list({ headers: { cookie: `zeq_admin=${good}` } })).toEqual(forbidden);
  });
}
