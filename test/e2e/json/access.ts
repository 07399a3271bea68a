import type { Sent } from "../support/http.ts";
import { admin, type Vault } from "../support/vault.ts";

const unauthorized = [401, '{"ok":false,"error":"unauthorized"}'];
const forbidden = [403, '{"ok":false,"error":"forbidden"}'];

/** Bearer and cookie, alone, together and in contradiction. */
export function access(vault: () => Vault): void {
  let token = "";
  let other = "";
  let caller = "";
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
    ["another scheme", () => ({ authorization: `Basic ${Buffer.from(`a:${token}`).toString("base64")}` })],
    ["a scheme alone", () => ({ authorization: "Bearer" })],
    ["a token alone", () => ({ authorization: token })],
    ["two tokens in one header", () => ({ authorization: `Bearer ${token}, Bearer ${token}` })],
    ["a word that is no token", () => ({ authorization: "Bearer not-a-token" })],
  ])("%s does not", async (_what, headers) => {
    expect(await list({ headers: headers() })).toEqual(unauthorized);
  });

  test.each(["caller", "system"] as const)("a token of the role %s is forbidden", async (role) => {
    const good = await vault().token(role, "ZEQ-CALLER");
    expect(await list({ token: good })).toEqual(forbidden);
    expect(await list({ headers: { cookie: `zeq_admin=${good}` } })).toEqual(forbidden);
  });
}
