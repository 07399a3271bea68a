import { Code, type ServiceImpl } from "@connectrpc/connect";
import { bindService, type Page } from "../../../src/transport/index.ts";
import { EchoService } from "../../gen/test/echo/v1/echo_pb.js";
import { until } from "../../support/until.ts";
import { echoHandlers, startEcho } from "../echo-server.ts";
import { count, countNodeRequests, get, keptHeader, request, type Talk, talk, wait } from "./talk.ts";

const node = countNodeRequests();
afterAll(() => node.stop());

/** More than what the system itself takes for a peer that reads nothing. */
const longText = "é".repeat(15_000_000);
const long: Page = { httpMethod: "GET", path: "/long", answer: () => ({ status: 200, headers: {}, body: longText }) };

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
    const read = node.since();
    const peer = await talk(port);
    expect((await peer.ask(get)).header).toEqual(expect.arrayContaining(keptHeader));
    await server.close(60_000);
    await peer.closed();
    expect(read()).toBe(0);
  });

  test("finishes what is in flight, and says that the connection ends", async () => {
    const { server, port } = await startEcho();
    const read = node.since();
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

  test("begins no request that comes behind the last answer", async () => {
    const { server, port, records } = await startEcho();
    const peer = await talk(port);
    await peer.ask(get);
    peer.socket.write(wait(200));
    await (await talk(port)).ask(get);
    peer.socket.write(wait(0));
    await (await talk(port)).ask(get);
    await server.close(60_000);
    await peer.closed();
    expect(peer.answers).toHaveLength(2);
    expect(records).toHaveLength(1);
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
        peer.socket.write(wait(0));
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
    await server.close(0);
    expect(records.map(({ code }) => code)).toEqual([Code.Canceled]);
  });

  test.each([
    ["closes", (peer: Talk) => peer.socket.destroy()],
    ["ends its half", (peer: Talk) => peer.socket.end()],
  ])("%s, and what waits behind it never begins", async (_what, leave) => {
    const begun: number[] = [];
    const noting: ServiceImpl<typeof EchoService> = {
      ...echoHandlers,
      wait(request, context) {
        begun.push(request.forMs);
        return echoHandlers.wait(request, context);
      },
    };
    const { server, port, records } = await startEcho({ services: [bindService(EchoService, noting)] });
    const peer = await talk(port);
    await peer.ask(get);
    peer.socket.write(wait(60_000));
    const other = await talk(port);
    await other.ask(get);
    peer.socket.write(wait(1));
    // So that it has arrived, and waits.
    await other.ask(get);
    leave(peer);
    await until(() => records.length > 0);
    // What the end of the first one would begin comes before this.
    await other.ask(wait(2));
    other.socket.destroy();
    await server.close(0);
    expect(begun).toEqual([60_000, 2]);
  });

  test("takes no more of a long answer", async () => {
    const { server, port } = await startEcho({ limits: { writeTimeoutMs: 200 }, pages: [long] });
    const read = node.since();
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
    peer.socket.write(count(2 ** 31 - 1), "latin1");
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
    peer.socket.write(count(2 ** 31 - 1), "latin1");
    await until(() => peer.received.length > 5_000);
    peer.socket.resetAndDestroy();
    await until(() => records.length > 0);
    expect(records.map(({ code }) => code)).toEqual([Code.Canceled]);
    await server.close(0);
  });
});
