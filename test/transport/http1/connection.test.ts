import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Page } from "../../../src/transport/index.ts";
import { makeCertificate } from "../../e2e/support/certificate.ts";
import { until } from "../../support/until.ts";
import { startEcho } from "../echo-server.ts";
import { count, countNodeRequests, get, keptHeader, look, request, Talk, talk, wait } from "./talk.ts";

const node = countNodeRequests();
afterAll(() => node.stop());

describe("on one connection", () => {
  test("a stream is sent in chunks, and another request follows", async () => {
    const { server, port } = await startEcho();
    const read = node.since();
    const peer = await talk(port);
    const { status, header: answered, body } = await peer.ask(count(3));
    expect(status).toBe("HTTP/1.1 200 OK");
    expect(answered.slice(-3)).toEqual([...keptHeader, "transfer-encoding: chunked"]);
    expect(body).toMatch(/grpc-status: 0\r\n\r\n0\r\n\r\n$/);
    expect((await peer.ask(get)).body).toBe('{"status":"ok"}');
    expect(read()).toBe(0);
    peer.socket.destroy();
    await server.close(0);
  });

  test("requests that come early are answered in their order", async () => {
    const { server, port } = await startEcho();
    const read = node.since();
    const peer = await talk(port);
    peer.socket.write(wait(200));
    await (await talk(port)).ask(get);
    for (const text of ["a", "b", "c"]) {
      peer.socket.write(look(text));
      // A turn of the server, so that each is a chunk of its own.
      await (await talk(port)).ask(get);
    }
    await until(() => peer.answers.length === 4);
    expect(peer.answers.map(({ body }) => body)).toEqual([
      "{}",
      ...["a", "b", "c"].map((text) => `{"ok":true,"text":"${text}"}`),
    ]);
    expect(read()).toBe(0);
    peer.socket.destroy();
    await server.close(0);
  });

  test("what is cut in two behind an answer is node:http's", async () => {
    const { server, port } = await startEcho();
    const read = node.since();
    const peer = await talk(port);
    peer.socket.write(wait(100));
    await (await talk(port)).ask(get);
    peer.socket.write(get.slice(0, 9));
    await (await talk(port)).ask(get);
    peer.socket.write(get.slice(9));
    await until(() => peer.answers.length === 2);
    expect(read()).toBe(1);
    peer.socket.destroy();
    await server.close(0);
  });

  test("a long answer arrives whole", async () => {
    const text = "é".repeat(2_000_000);
    const page: Page = { httpMethod: "GET", path: "/long", answer: () => ({ status: 200, headers: {}, body: text }) };
    const { server, port } = await startEcho({ pages: [page] });
    const read = node.since();
    const peer = await talk(port);
    peer.socket.write(request("GET /long"));
    await until(() => peer.received !== "");
    peer.socket.pause();
    await sleep(50);
    peer.socket.resume();
    await until(() => peer.isClosed || peer.answers.length === 1);
    expect(Buffer.from(peer.answers[0]?.body ?? "", "latin1").toString() === text).toBe(true);
    expect((await peer.ask(get, 2)).status).toMatch(/ 200 /);
    expect(read()).toBe(0);
    peer.socket.destroy();
    await server.close(0);
  });

  test("10,000 requests keep nothing", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const { server, port } = await startEcho();
    const read = node.since();
    const socket = connect(port, "127.0.0.1");
    const heldBytes: number[] = [];
    for (const upTo of [2_000, 10_000]) {
      for (let number = 0; number < upTo; number++) {
        socket.write(request(`GET /healthz?${number}`, [`x: ${number}`, `y: ${"z".repeat(1_000)}`]));
        await once(socket, "data");
      }
      collect();
      heldBytes.push(process.memoryUsage().heapUsed);
    }
    const [before = 0, after = 0] = heldBytes;
    expect(after - before).toBeLessThan(1_000_000);
    expect(read()).toBe(0);
    socket.destroy();
    await server.close(0);
  }, 60_000);

  test("an answer without a body has no length", async () => {
    const { server, port } = await startEcho({
      pages: [{ httpMethod: "GET", path: "/empty", answer: () => ({ status: 204, headers: { x: "y" } }) }],
    });
    const peer = await talk(port);
    expect(await peer.ask(request("GET /empty"))).toEqual({
      status: "HTTP/1.1 204 No Content",
      header: ["x: y", ...keptHeader],
      body: "",
    });
    await peer.ask(get);
    peer.socket.destroy();
    await server.close(0);
  });

  test("a fault in a handler is its answer, and a header that cannot be sent ends the connection", async () => {
    const { server, port } = await startEcho({
      pages: [
        {
          httpMethod: "GET",
          path: "/bug",
          answer() {
            throw new Error("a bug");
          },
        },
        { httpMethod: "GET", path: "/split", answer: () => ({ status: 200, headers: { x: "a\r\nb: c" } }) },
      ],
    });
    const peer = await talk(port);
    expect((await peer.ask(request("GET /bug"))).status).toMatch(/ 500 /);
    peer.socket.write(request("GET /split"));
    await until(() => peer.isClosed || peer.answers.length === 2);
    expect(peer.received).not.toMatch(/^b: c/m);
    peer.socket.destroy();
    await server.close(0);
  });
});

describe("over TLS", () => {
  const { cert, keyFile, folder } = makeCertificate();
  const tls = { cert, key: readFileSync(keyFile, "utf8") };
  afterAll(() => rmSync(folder, { recursive: true }));

  async function open(port: number): Promise<Talk> {
    const socket = connectTls({ host: "127.0.0.1", port, ca: cert });
    await once(socket, "secureConnect");
    return new Talk(socket);
  }

  test("requests are served likewise, and others are handed over", async () => {
    const { server, port } = await startEcho({ tls });
    const read = node.since();
    const peer = await open(port);
    for (let count = 0; count < 5; count++) {
      expect((await peer.ask(look("x".repeat(10_000)))).body).toHaveLength(10_000 + 21);
    }
    expect(read()).toBe(0);
    for (let count = 0; count < 5; count++) {
      expect((await peer.ask(get + get)).body).toBe('{"status":"ok"}');
      await until(() => peer.answers.length === 5 + 2 * (count + 1));
    }
    expect(read()).toBe(10);
    peer.socket.destroy();
    await server.close(0);
  });

  test("a connection that says nothing is closed", async () => {
    const { server, port } = await startEcho({ tls, limits: { headersTimeoutMs: 200 } });
    await (await open(port)).closed();
    await server.close(0);
  });
});
