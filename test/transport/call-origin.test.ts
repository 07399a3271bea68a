import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import type { CallOrigin } from "../../src/transport/index.ts";
import { EchoService } from "../gen/test/echo/v1/echo_pb.js";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askJson } from "./wire.ts";

/** What admission may know of a call, whatever carries it. */
describe("where a call comes from", () => {
  let echo: EchoServer;
  let seen: Record<string, unknown>[] = [];
  beforeAll(async () => {
    echo = await startEcho({
      admit: (method, { header, httpMethod, origin, peerAddress }: CallOrigin) => {
        seen.push({ method: method.name, marks: header.all("echo-mark"), httpMethod, origin, peerAddress });
      },
    });
  });
  afterAll(() => echo.server.close(0));
  beforeEach(() => {
    seen = [];
  });

  const baseUrl = () => `http://127.0.0.1:${echo.port}`;
  const expected = (method: string, httpMethod: string) => [
    { method, marks: ["a"], httpMethod, origin: baseUrl(), peerAddress: "127.0.0.1" },
  ];
  const headers = { "echo-mark": "a" };

  test.each<[string, () => Transport]>([
    ["gRPC", () => createGrpcTransport({ baseUrl: baseUrl() })],
    ["gRPC-Web over HTTP/1.1", () => createGrpcWebTransport({ baseUrl: baseUrl(), httpVersion: "1.1" })],
    ["Connect over HTTP/1.1", () => createConnectTransport({ baseUrl: baseUrl(), httpVersion: "1.1" })],
    ["Connect over HTTP/2", () => createConnectTransport({ baseUrl: baseUrl(), httpVersion: "2" })],
  ])("is told of unary calls and of streams: %s", async (_what, transport) => {
    const client = createClient(EchoService, transport());
    await client.echo({ text: "t" }, { headers });
    expect(seen).toEqual(expected("Echo", "POST"));
    seen = [];
    for await (const { number } of client.count({ to: 1 }, { headers })) {
      expect(number).toBe(1);
    }
    expect(seen).toEqual(expected("Count", "POST"));
  });

  test("is told of Connect's GET", async () => {
    const client = createClient(
      EchoService,
      createConnectTransport({ baseUrl: baseUrl(), httpVersion: "1.1", useHttpGet: true }),
    );
    await client.look({ text: "t" }, { headers });
    expect(seen).toEqual(expected("Look", "GET"));
  });

  test("is told of the JSON surface", async () => {
    await askJson(echo.port, "DELETE", "/api/echo/t");
    await askJson(echo.port, "GET", "/api/echo/look/t");
    expect(seen).toMatchObject([
      { method: "Remove", httpMethod: "DELETE", origin: baseUrl(), peerAddress: "127.0.0.1" },
      { method: "Look", httpMethod: "GET", origin: baseUrl(), peerAddress: "127.0.0.1" },
    ]);
  });
});
