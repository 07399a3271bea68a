import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { CallOrigin, JsonSurface, Page } from "../../src/transport/index.ts";
import { makeCertificate } from "../e2e/support/certificate.ts";
import { type EchoServer, echoSurface, startEcho } from "./echo-server.ts";
import { askJson, speak } from "./wire.ts";

/** Another dialect than ZSC's: created, nothing to say, and problem details. */
const dialect: JsonSurface = {
  ...echoSurface,
  takesEmptyBodies: true,
  success: (method: DescMethod, json: JsonObject) =>
    method.name === "Remove"
      ? { status: 204 }
      : { status: method.name === "Echo" ? 201 : 200, headers: { location: "/here" }, body: json },
  failure: (problem) => ({
    status: problem.kind === "call" ? 418 : 404,
    headers: { "content-type": "application/problem+json" },
    body: { type: "about:blank", title: problem.kind },
  }),
};

describe("the dialect of a JSON surface", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho({ jsonSurfaces: [dialect] });
  });
  afterAll(() => echo.server.close(0));

  const raw = (request: string) => speak(echo.port, [`${request}\r\n`.replaceAll("\n", "\r\n").replace("\r\r", "\r")]);

  test("gives each answer its status and headers", async () => {
    const answer = await askJson(echo.port, "POST", "/api/echo/say", JSON.stringify({ text: "t" }));
    expect([answer.status, answer.headers.get("location")]).toEqual([201, "/here"]);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.json).toMatchObject({ echo: { text: "t" } });
  });

  test("may answer without a body: no length, no type", async () => {
    const answer = await raw("DELETE /api/echo/t HTTP/1.1\nhost: x\nconnection: close\n");
    expect(answer).toMatch(/^HTTP\/1\.1 204 /);
    expect(answer).not.toMatch(/^(content-length|content-type|transfer-encoding):/im);
    expect(answer.endsWith("\r\n\r\n")).toBe(true);
  });

  test("words failures as it likes, under a type of its own", async () => {
    const answer = await askJson(echo.port, "GET", "/api/echo/nothing/here/at/all");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    expect(answer.json).toEqual({ type: "about:blank", title: "no_route" });
    const failed = await askJson(
      echo.port,
      "POST",
      "/api/echo/fail/connect",
      JSON.stringify({ code: 3, message: "m" }),
    );
    expect([failed.status, failed.json]).toEqual([418, { type: "about:blank", title: "call" }]);
  });

  test("may take an empty body for an empty message", async () => {
    const head = "host: x\ncontent-type: application/json\ncontent-length: 0\nconnection: close\n";
    expect(await raw(`POST /api/echo/say HTTP/1.1\n${head}`)).toMatch(/^HTTP\/1\.1 201 /);
    const strict = await startEcho();
    const answer = await speak(strict.port, [`POST /api/echo/say HTTP/1.1\n${head}\n`.replaceAll("\n", "\r\n")]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    await strict.server.close(0);
  });
});

describe("a path variable that spans segments", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho();
  });
  afterAll(() => echo.server.close(0));

  const said = async (path: string) => {
    const { status, json } = await askJson(echo.port, "GET", `/api/echo/at/${path}`);
    const { text, label } = (json as { echo?: Record<string, unknown> }).echo ?? {};
    return [status, text, label];
  };

  test.each<[string, string, string | undefined]>([
    ["a", "a", undefined],
    ["a/b/c", "a/b/c", undefined],
    ["a%2Fb/c", "a/b/c", undefined],
    ["a%2fb%2Fc", "a/b/c", undefined],
    ["%F0%9F%94%91/%25", "🔑/%", undefined],
    ["a//b", "a//b", undefined],
    ["a/of/b", "a", "b"],
    ["a/b/of/c%2Fd", "a/b", "c/d"],
    ["a/of/b/of/c", "a/of/b", "c"],
    ["of/b", "of/b", undefined],
    ["a/of", "a/of", undefined],
    ["a%2Fof%2Fb", "a/of/b", undefined],
  ])("%s is %j", async (path, text, label) => {
    expect(await said(path)).toEqual([200, text, label]);
  });

  test("is no other route when nothing is in it, and is refused when it is not well-formed", async () => {
    expect((await askJson(echo.port, "GET", "/api/echo/at")).status).toBe(405);
    expect((await said("a/%FF"))[0]).toBe(400);
    expect((await askJson(echo.port, "PUT", "/api/echo/at/a/b")).status).toBe(405);
  });

  // Trying every way to split so many segments would take years: the test would end by its timeout.
  test("is found among very many segments", async () => {
    const many = "a/of/".repeat(1_400);
    expect((await said(`${many}b`))[0]).toBe(200);
  });
});

describe("a page", () => {
  const seen: unknown[] = [];
  const pages: readonly Page[] = [
    {
      httpMethod: "GET",
      path: "/page",
      answer: ({ query }) => ({ status: 200, headers: {}, body: `<p>${query}</p>` }),
    },
    {
      httpMethod: "POST",
      path: "/page",
      maxBodyBytes: 10,
      answer: async ({ body, from }) => {
        seen.push([Buffer.from(body).toString(), from.peerAddress]);
        return { status: 303, headers: { location: "/page" } };
      },
    },
    {
      httpMethod: "GET",
      path: "/broken",
      answer: () => {
        throw new Error("canary-of-a-page");
      },
    },
  ];
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho({ pages });
  });
  afterAll(() => echo.server.close(0));

  const ask = (request: string) => speak(echo.port, [request.replaceAll("\n", "\r\n")]);
  const end = "host: x\nconnection: close\n";

  test("answers at its path alone, by its methods alone", async () => {
    expect(await ask(`GET /page?a=b HTTP/1.1\n${end}\n`)).toMatch(/^HTTP\/1\.1 200 [\s\S]*<p>a=b<\/p>$/);
    expect(await ask(`HEAD /page HTTP/1.1\n${end}\n`)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
    expect(await ask(`PUT /page HTTP/1.1\n${end}\n`)).toMatch(/^HTTP\/1\.1 405 [\s\S]*allow: GET, HEAD, POST/i);
    expect(await ask(`GET /page/ HTTP/1.1\n${end}\n`)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("gets a body within its bound, and knows who asks", async () => {
    expect(await ask(`POST /page HTTP/1.1\n${end}content-length: 3\n\na=1`)).toMatch(/^HTTP\/1\.1 303 /);
    expect(seen).toEqual([["a=1", "127.0.0.1"]]);
    expect(await ask(`POST /page HTTP/1.1\n${end}content-length: 11\n\n${"a".repeat(11)}`)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("that fails says nothing of why", async () => {
    const answer = await ask(`GET /broken HTTP/1.1\n${end}\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(answer).not.toContain("canary");
  });

  test("has its path for itself", async () => {
    await expect(startEcho({ pages: [...pages, ...pages] })).rejects.toThrow("two pages have this path");
  });
});

test("admission sees no certificate where none was asked for", async () => {
  const own = makeCertificate();
  const seen: CallOrigin["certificate"][] = [];
  const echo = await startEcho({
    tls: { cert: own.cert, key: readFileSync(own.keyFile) },
    admit: (_method, { certificate }) => void seen.push(certificate),
  });
  try {
    const socket = connect({ host: "127.0.0.1", port: echo.port, ca: own.cert });
    socket.write("DELETE /api/echo/t HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    for await (const _chunk of socket) {
      // Until the server has ended the connection.
    }
    expect(seen).toEqual([undefined]);
  } finally {
    await echo.server.close(0);
  }
});
