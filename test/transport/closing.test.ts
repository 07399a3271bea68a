import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { EchoService } from "../gen/test/echo/v1/echo_pb.js";
import { startEcho } from "./echo-server.ts";
import { askSession, speak } from "./wire.ts";

const pause = (ms: number) => new Promise((next) => setTimeout(next, ms));
const wait = (ms: number) => {
  const body = `{"forMs":${ms}}`;
  const head = `POST /test.echo.v1.EchoService/Wait HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${body.length}\r\n\r\n${body}`;
};

describe("closing a server", () => {
  test("finishes what is in flight on HTTP/1.1 and says that the connection ends", async () => {
    const { server, port } = await startEcho();
    const answer = speak(port, [wait(200)]);
    await pause(100);
    await server.close(5_000);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*\{\}$/i);
  });

  test("finishes what is in flight on HTTP/2 after a GOAWAY that refuses nothing", async () => {
    const { server, port } = await startEcho();
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const lastStreams: (number | undefined)[] = [];
    session.on("goaway", (_code, lastStream) => lastStreams.push(lastStream));
    const request = {
      ":method": "POST",
      ":path": "/test.echo.v1.EchoService/Wait",
      "content-type": "application/json",
    };
    const answer = askSession(session, request, '{"forMs":200}');
    await pause(100);
    await server.close(5_000);
    expect((await answer).header[":status"]).toBe(200);
    expect([lastStreams[0], lastStreams.at(-1)]).toEqual([2 ** 31 - 1, 1]);
  });

  test("answers a call that was sent on a kept connection before its caller could know", async () => {
    const { server, port } = await startEcho();
    const kept = net.connect(port, "127.0.0.1");
    kept.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(kept, "data");
    const closed = server.close(5_000);
    kept.write(wait(20));
    let answer = "";
    for await (const chunk of kept) {
      answer += String(chunk);
    }
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*\{\}$/i);
    await closed;
  });

  test("takes no more connections, and closes idle ones soon", async () => {
    const { server, port } = await startEcho();
    const idle = net.connect(port, "127.0.0.1");
    await once(idle, "connect");
    const used = net.connect(port, "127.0.0.1");
    used.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(used, "data");
    const session = http2.connect(`http://127.0.0.1:${port}`);
    await askSession(session, { ":path": "/healthz" });
    const ends = [once(idle, "close"), once(used, "close"), once(session, "close")];
    idle.on("error", () => {}).resume();
    await server.close(60_000);
    await Promise.all(ends);
    const late = net.connect(port, "127.0.0.1");
    await expect(once(late, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("cuts what has not finished in time", async () => {
    const { server, port, records } = await startEcho();
    const answer = speak(port, [wait(60_000)]);
    await pause(100);
    await server.close(50);
    expect(await answer).toBe("");
    expect(records.map(({ code }) => code)).toEqual([Code.Canceled]);
  });

  test("ends streams that would go on for ever", async () => {
    const { server, port } = await startEcho();
    const client = createClient(Health, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));
    const watching = (async () => {
      for await (const _ of client.watch({ service: "" })) {
      }
    })();
    const failure = expect(watching).rejects.toMatchObject({ code: Code.Unavailable });
    await pause(100);
    await server.close(5_000);
    await failure;
  });

  test("may be asked for twice", async () => {
    const { server } = await startEcho();
    await Promise.all([server.close(0), server.close(0)]);
  });

  test("loses no call of a client that keeps calling", async () => {
    const first = await startEcho();
    const client = createClient(EchoService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${first.port}` }));
    const outcomes: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) {
      outcomes.push(client.wait({ forMs: 20 }));
    }
    await pause(30);
    outcomes.push(first.server.close(5_000));
    const failures = (await Promise.allSettled(outcomes)).filter(({ status }) => status === "rejected");
    expect(failures).toEqual([]);
  });
});

test("a server that has not listened closes all the same, and a taken port is told", async () => {
  const { server, port } = await startEcho();
  const other = await startEcho();
  await other.server.close(0);
  await expect(other.server.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await server.close(0);
});
