import { Code, ConnectError } from "@connectrpc/connect";
import { type EchoServer, echoSurface, startEcho } from "./echo-server.ts";
import { askHttp2, askJson, speak } from "./wire.ts";

describe("a JSON surface", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho();
  });
  afterAll(() => echo.server.close(0));
  const ask = (method: string, path: string, body?: string | Uint8Array) => askJson(echo.port, method, path, body);

  test("answers with the headers that keep an answer private", async () => {
    const { status, headers, json } = await ask("POST", "/api/echo/look", '{"text":"hi"}');
    expect(status).toBe(200);
    expect(json).toEqual({ ok: true, text: "hi" });
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "content-length": "23",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
  });

  test("answers over HTTP/2 as over HTTP/1.1", async () => {
    const request = { ":method": "POST", ":path": "/api/echo/look" };
    const { header, body } = await askHttp2(echo.port, request, '{"text":"hi"}');
    expect(header).toMatchObject({ ":status": 200, "cache-control": "no-store", "content-length": "23" });
    expect(JSON.parse(body.toString())).toEqual({ ok: true, text: "hi" });
  });

  test("passes on the headers and trailers that handlers set, on failures too", async () => {
    const { headers } = await ask("POST", "/api/echo/say", "{}");
    expect(headers.get("echo-header")).toBe("none");
    expect(headers.get("echo-trailer")).toBe("at the end");
    const failed = await ask("POST", "/api/echo/fail/header", '{"code":3,"message":"no"}');
    expect(failed.status).toBe(400);
    expect(failed.headers.get("error-metadata")).toBe("kept");
    expect(failed.headers.get("echo-header")).toBe("set before");
  });

  test.each([
    ["/api/echo/look/plain", "plain"],
    ["/api/echo/look/a%2Fb", "a/b"],
    ["/api/echo/look/a%252Fb", "a%2Fb"],
    ["/api/echo/look/%C3%BC", "ü"],
    ["/api/echo/look/a+b", "a+b"],
    ["/api/echo/look/a%00b", "a\u0000b"],
    ["/api/echo/look/", ""],
    ["/api/echo/look/..%2F..", "../.."],
    ["/api/echo/look/x?text=y", "x"],
  ])("decodes the path %s once", async (path, text) => {
    const session = { ":path": path };
    const { body } = await askHttp2(echo.port, session);
    expect(JSON.parse(body.toString())).toEqual({ ok: true, text });
  });

  test.each(["%", "%2", "%zz", "%ff", "%c3", "%ed%a0%80"])("refuses the path segment %s", async (segment) => {
    const { header, body } = await askHttp2(echo.port, { ":path": `/api/echo/look/${segment}` });
    expect(header[":status"]).toBe(400);
    expect(JSON.parse(body.toString())).toEqual({ ok: false, error: "text is not valid percent-encoding" });
  });

  test("fills the fields that the path leaves open from the query, the last of a key counting", async () => {
    const query = "label=first&label=last&flag=true&small=7&words=a&words=b&unknown=x&text=ignored";
    const { json } = await ask("GET", `/api/echo/said/t?${query}`);
    expect(json.echo).toMatchObject({ text: "t", label: "last", flag: true, small: 7, words: ["a", "b"] });
  });

  test("names the field of a query that is wrong", async () => {
    const { status, json } = await ask("GET", "/api/echo/said/t?small=seven");
    expect([status, json.error]).toEqual([400, "small must be an integer"]);
  });

  test("lets the path win over the body", async () => {
    const { json } = await ask("POST", "/api/echo/fail/header", '{"kind":"details","code":3,"message":"path"}');
    expect(json.error).toBe("path");
  });

  test.each([
    ["GET", "/api/echo/nowhere/else", 404, null],
    ["GET", "/api/echo", 404, null],
    ["GET", "/api/echo/look/a/b", 404, null],
    ["PUT", "/api/echo/say", 405, "POST, DELETE"],
    ["GET", "/api/echo/say", 405, "POST, DELETE"],
    ["OPTIONS", "/api/echo/look", 405, "POST, DELETE"],
    ["POST", "/api/echo/thing", 405, "DELETE"],
    ["HEAD", "/api/echo/thing", 405, "DELETE"],
  ])("answers %s %s with %i", async (method, path, status, allow) => {
    const answer = await ask(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("allow")).toBe(allow);
  });

  test("prefers literal segments to variables", async () => {
    expect((await ask("DELETE", "/api/echo/say")).json).toEqual({ ok: true, text: "say" });
    expect((await ask("DELETE", "/api/echo/")).json).toEqual({ ok: true, text: "" });
  });

  test.each(["", "null", "[]", "{", "text"])("refuses the body %j", async (body) => {
    const { status, json } = await ask("POST", "/api/echo/say", body);
    expect([status, json.error]).toEqual([400, "body must be a JSON object"]);
  });

  test("ignores the body of a route without one", async () => {
    expect((await ask("DELETE", "/api/echo/x", "this is no JSON")).json).toEqual({ ok: true, text: "x" });
  });

  test("asks path, then admission, then body", async () => {
    const headers = { authorization: "Bearer no" };
    const refused = await fetch(`http://127.0.0.1:${echo.port}/api/echo/say`, { method: "POST", headers, body: "{" });
    expect(refused.status).toBe(401);
    const malformed = await fetch(`http://127.0.0.1:${echo.port}/api/echo/look/%25`, { headers });
    expect(malformed.status).toBe(401);
    const lost = await fetch(`http://127.0.0.1:${echo.port}/api/echo/no/where`, { headers });
    expect(lost.status).toBe(404);
  });

  test("shows duplicate headers to admission", async () => {
    const request = "GET /api/echo/look/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    const answer = await speak(echo.port, [`${request}authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    const raw = ["authorization", "Bearer a", "authorization", "Bearer b"];
    const { header } = await askHttp2(echo.port, [":path", "/api/echo/look/x", ":method", "GET", ...raw]);
    expect(header[":status"]).toBe(401);
  });

  test("says internal error, and no more, when a handler has a bug", async () => {
    const { status, text } = await ask("POST", "/api/echo/fail/bug", '{"message":"canary"}');
    expect([status, text]).toEqual([500, '{"ok":false,"error":"internal error"}']);
    expect((await ask("POST", "/api/echo/fail/text", "{}")).status).toBe(500);
  });
});

describe("the hooks of a JSON surface", () => {
  test("rewrite a body, word a mistake and see path variables as fields", async () => {
    const seen: unknown[] = [];
    const echo = await startEcho({
      jsonSurfaces: [
        {
          ...echoSurface,
          prepare(method, json) {
            seen.push([method.name, { ...json }]);
            return { ...json, small: json["small"] ?? 42 };
          },
          mistake(_method, message, { field, sentence }) {
            const { text } = message as unknown as { text: string };
            return new ConnectError(text === "" ? "text required" : `${field.name}: ${sentence}`, Code.InvalidArgument);
          },
        },
      ],
    });
    const say = async (body: string) => (await askJson(echo.port, "POST", "/api/echo/say", body)).json;
    expect((await say('{"text":"a"}')).echo.small).toBe(42);
    expect(await say('{"flag":1}')).toEqual({ ok: false, error: "text required" });
    expect(await say('{"text":"a","flag":1}')).toEqual({ ok: false, error: "flag: flag must be true or false" });
    await askJson(echo.port, "GET", "/api/echo/said/v?label=q");
    expect(seen.at(-1)).toEqual(["Echo", { text: "v", label: "q" }]);
    await echo.server.close(0);
  });
});
