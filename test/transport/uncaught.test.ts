import { endFaultyConnection } from "../../src/transport/http/attribution.ts";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { speak } from "./wire.ts";

describe("what arrives on a socket", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho();
  });
  afterAll(() => echo.server.close(0));

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

  const wait = '{"forMs":200}';
  const call = `POST /test.echo.v1.EchoService/Wait HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;

  test("is not answered where a call before it would get the answer", async () => {
    // Two headers of one name: it is node:http that reads the call.
    const twice = `${call}x: y\r\nx: z\r\ncontent-length: ${wait.length}\r\n\r\n${wait}`;
    expect(await speak(echo.port, [twice, "BAD\r\n\r\n"])).not.toMatch(/ 400 /);
  });

  test("is answered behind a call of the plain form", async () => {
    const plain = `${call}content-length: ${wait.length}\r\n\r\n${wait}`;
    const answers = await speak(echo.port, [plain, "BAD\r\n\r\n"], { pauseMs: 50 });
    expect(answers.match(/^HTTP\/1\.1 \d+|\}HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "}HTTP/1.1 400"]);
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
