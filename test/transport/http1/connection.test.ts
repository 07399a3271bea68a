import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code } from "@connectrpc/connect";
import type { Page } from "../../../src/transport/index.ts";
import { makeCertificate } from "../../e2e/support/certificate.ts";
import { until } from "../../support/until.ts";
import { startEcho } from "../echo-server.ts";
import { envelope } from "../wire.ts";
import { countNodeRequests, request, Talk, talk } from "./talk.ts";

const json = ["content-type: application/json"];
const get = request("GET /healthz");
const wait = (forMs: number) => request("POST /test.echo.v1.EchoService/Wait", json, JSON.stringify({ forMs }));
const look = (text: string) => request("POST /api/echo/look", json, JSON.stringify({ text }));
const keptHeader = ["connection: keep-alive", "keep-alive: timeout=75"];

const node = countNodeRequests();
const nodeBefore = () => {
  const before = node.count;
  return () => node.count - before;
};
afterAll(() => node.stop());

describe("an idle connection", () => {
  test("is closed after its time", async () => {
    const { server, port } = await startEcho({ limits: { keepAliveTimeoutMs: 200 } });
    const peer = await talk(port);
    await peer.ask(get);
    await peer.closed();
    await server.close(0);
  });

  test("stays for less than its time, and while an answer is under way", async () => {
    const { server, port } = await startEcho({ limits: { keepAliveTimeoutMs: 200 } });
    const peer = await talk(port);
    expect((await peer.ask(wait(600))).status).toMatch(/ 200 /);
    await server.close(0);
  });

  test("makes room for others when there are many, the oldest first", async () => {
    const { server, port } = await startEcho({ limits: { maxConnections: 10 } });
    const peers: Talk[] = [];
    for (let count = 0; count < 10; count++) {
      const peer = await talk(port);
      await peer.ask(get);
      peers.push(peer);
    }
    expect(peers[0]?.isClosed).toBe(true);
    expect(peers.at(-1)?.isClosed).toBe(false);
    for (const { socket } of peers) {
      socket.destroy();
    }
    await server.close(0);
  });
});

describe("a server that closes", () => {
  test("closes an idle connection soon", async () => {
    const { server, port } = await startEcho();
    const read = nodeBefore();
    const peer = await talk(port);
    expect((await peer.ask(get)).header).toEqual(expect.arrayContaining(keptHeader));
    await server.close(60_000);
    await peer.closed();
    expect(read()).toBe(0);
  });

  test("finishes what is in flight, and says that the connection ends", async () => {
    const { server, port } = await startEcho();
    const read = nodeBefore();
    const peer = await talk(port);
    const answer = peer.ask(wait(300));
    await until(() => peer.socket.bytesWritten > 0);
    // So that the call has arrived.
    await (await talk(port)).ask(get);
    const closed = server.close(60_000);
    expect((await answer).header).toContain("connection: close");
    await peer.closed();
    await closed;
    expect(read()).toBe(0);
  });

  test("answers a request that arrives just then", async () => {
    const { server, port } = await startEcho();
    const peer = await talk(port);
    await peer.ask(get);
    const closed = server.close(60_000);
    const { status, header } = await peer.ask(wait(20));
    expect(status).toMatch(/ 200 /);
    expect(header).toContain("connection: close");
    await peer.closed();
    await closed;
  });

  test("cuts what has not finished in time", async () => {
    const { server, port, records } = await startEcho();
    const peer = await talk(port);
    await peer.ask(get);
    peer.socket.write(wait(60_000));
    await (await talk(port)).ask(get);
    await server.close(50);
    await peer.closed();
    expect(peer.answers).toHaveLength(1);
    expect(records.map(({ code }) => code)).toEqual([Code.Canceled]);
  });
});

describe("a call ends when its peer", () => {
  test.each([
    ["resets", (peer: Talk) => peer.socket.resetAndDestroy()],
    ["closes", (peer: Talk) => peer.socket.destroy()],
    ["ends its half", (peer: Talk) => peer.socket.end()],
    [
      "ends its half behind another request",
      (peer: Talk) => {
        peer.socket.write(get);
        peer.socket.end();
      },
    ],
  ])("%s", async (_what, leave) => {
    const { server, port, records } = await startEcho();
    const peer = await talk(port);
    await peer.ask(get);
    peer.socket.write(wait(60_000));
    await (await talk(port)).ask(get);
    leave(peer);
    await until(() => records.length > 0);
    expect(records.map(({ code }) => code)).toEqual([Code.Canceled]);
    await server.close(0);
  });

  test("takes no more of a long answer", async () => {
    const { server, port } = await startEcho({ limits: { writeTimeoutMs: 200 }, pages: [long] });
    const read = nodeBefore();
    const peer = await talk(port);
    await peer.ask(get);
    peer.socket.pause();
    peer.socket.write(request("GET /long"));
    // Nothing else ends it: the server waits for its last connection.
    await server.close(60_000);
    expect(read()).toBe(0);
    peer.socket.resume();
    await peer.closed();
    expect(peer.received.length).toBeLessThan(longText.length);
  });

  test("ends its half of an endless answer, which it does not read", async () => {
    const { server, port, records } = await startEcho({ limits: { writeTimeoutMs: 300 } });
    const peer = await talk(port);
    peer.socket.pause();
    peer.socket.write(endless, "latin1");
    await (await talk(port)).ask(get);
    peer.socket.end();
    // The server has time for others meanwhile.
    await (await talk(port)).ask(get);
    await until(() => records.length > 0);
    expect(records.map(({ code }) => code)).toEqual([Code.Canceled]);
    peer.socket.destroy();
    await server.close(0);
  });

  test("resets while a long answer is under way", async () => {
    const { server, port, records } = await startEcho();
    const peer = await talk(port);
    peer.socket.write(endless, "latin1");
    await until(() => peer.received.length > 5_000);
    peer.socket.resetAndDestroy();
    await until(() => records.length > 0);
    expect(records.map(({ code }) => code)).toEqual([Code.Canceled]);
    await server.close(0);
  });
});

/** More than what the system itself takes for a peer that reads nothing. */
const longText = "é".repeat(15_000_000);
const long: Page = { httpMethod: "GET", path: "/long", answer: () => ({ status: 200, headers: {}, body: longText }) };

/** A CountRequest, up to a number. */
function grpcWeb(to: number): string {
  const bytes: number[] = [8];
  for (let rest = to; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return envelope(Buffer.from(bytes)).toString("latin1");
    }
    bytes.push((rest % 128) | 128);
  }
}

const webCount = "POST /test.echo.v1.EchoService/Count";
const web = ["content-type: application/grpc-web+proto"];
const endless = request(webCount, web, grpcWeb(2 ** 31 - 1), "latin1");

describe("on one connection", () => {
  test("a stream is sent in chunks, and another request follows", async () => {
    const { server, port } = await startEcho();
    const read = nodeBefore();
    const peer = await talk(port);
    const { status, header: answered, body } = await peer.ask(request(webCount, web, grpcWeb(3)));
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
    const read = nodeBefore();
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
    const read = nodeBefore();
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
    const read = nodeBefore();
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
    const read = nodeBefore();
    const socket = connect(port, "127.0.0.1");
    const heldBytes: number[] = [];
    for (const upTo of [2_000, 10_000]) {
      for (let count = 0; count < upTo; count++) {
        socket.write(request(`GET /healthz?${count}`, [`x: ${count}`, `y: ${"z".repeat(1_000)}`]));
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
    const read = nodeBefore();
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
