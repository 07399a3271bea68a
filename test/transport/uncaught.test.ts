import { once } from "node:events";
import net from "node:net";
import { endFaultyConnection } from "../../src/transport/attribution.ts";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { speak } from "./wire.ts";

/** Runs what strangers do, and answers what was uncaught meanwhile: jest would not hear of it in time. */
async function uncaughtDuring(action: () => Promise<unknown>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const note = (error: unknown) => uncaught.push(error);
  process.on("uncaughtException", note);
  try {
    await action();
  } finally {
    process.off("uncaughtException", note);
    for (const listener of before) {
      process.on("uncaughtException", listener);
    }
  }
  return uncaught;
}

describe("what arrives on a socket", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho();
  });
  afterAll(() => echo.server.close(0));

  const paths = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.health.v1.Health/Watch",
    "/test.echo.v1.EchoService/Count",
    "/test.echo.v1.EchoService/Echo",
    "/api/echo/look",
    "/healthz",
    "/nowhere",
  ];
  const requests = paths.flatMap((path) => [
    `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{}`,
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n`,
    `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: a miracle\r\ncontent-length: 9\r\n\r\n`,
    `POST ${path} HTTP/1.0\r\ncontent-type: application/connect+proto\r\ncontent-length: 3\r\n\r\nxxx`,
  ]);

  // A socket whose peer has gone closes before the listeners of a request that waits behind another are gone.
  test.each(["destroy", "reset", "end"] as const)("is never uncaught when pipelines are cut off by %s", async (how) => {
    const uncaught = await uncaughtDuring(async () => {
      for (const request of requests) {
        const socket = net.connect(echo.port, "127.0.0.1");
        socket.on("error", () => undefined).resume();
        await once(socket, "connect");
        await new Promise((done) => socket.write(request.repeat(3), done));
        await new Promise((next) => setTimeout(next, 15));
        if (how === "destroy") {
          socket.destroy();
        } else if (how === "reset") {
          socket.resetAndDestroy();
        } else {
          socket.end();
          await new Promise((next) => setTimeout(next, 5));
          socket.destroy();
        }
      }
      expect(await speak(echo.port, ["GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"])).toMatch(
        / 200 /,
      );
    });
    expect(uncaught).toEqual([]);
  });

  test("is told with a code, and whose fault it is", async () => {
    echo.faults.length = 0;
    await speak(echo.port, ["BAD\r\n\r\n"]);
    await speak(echo.port, ["POST / HTTP/1.1\r\nhost: x\r\ncontent-length: a\r\n\r\n"]);
    expect(echo.faults.map(({ by, code }) => [by, code.slice(0, 12)])).toEqual([
      ["peer", "HPE_INVALID_"],
      ["peer", "HPE_INVALID_"],
    ]);
  });

  test("gets no second answer when a body goes wrong after its answer", async () => {
    const head = "POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    const answer = await speak(echo.port, [head, "zz\r\n"], { pauseMs: 50 });
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("is not answered where a call before it would get the answer", async () => {
    const wait = '{"forMs":200}';
    const call = `POST /test.echo.v1.EchoService/Wait HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
    const answer = await speak(echo.port, [`${call}content-length: ${wait.length}\r\n\r\n${wait}`, "BAD\r\n\r\n"]);
    expect(answer).not.toMatch(/ 400 /);
  });
});

describe("an uncaught error", () => {
  test("ends the connection that has reported it, or one that it wraps", async () => {
    const echo = await startEcho();
    await speak(echo.port, ["BAD\r\n\r\n"]);
    const error = echo.faults[0]?.error;
    expect(endFaultyConnection(error)).toBe(true);
    expect(endFaultyConnection(new Error("wrapped", { cause: error }))).toBe(true);
    await echo.server.close(0);
  });

  test.each([
    ["a bug", new TypeError("x is not a function")],
    ["a reset of a socket of another kind", Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })],
    ["a string", "thrown"],
    ["nothing", undefined],
  ])("stays one when it is %s", (_what, error) => {
    expect(endFaultyConnection(error)).toBe(false);
  });
});
