import { connect } from "node:http2";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askSession, envelope, speak } from "./wire.ts";

/** More messages than the method takes: the answer comes before all of them are read. */
const messages = Buffer.concat(Array.from({ length: 20_000 }, () => envelope(Buffer.alloc(0))));
const count = [
  "POST /test.echo.v1.EchoService/Count HTTP/1.1",
  "host: x",
  "content-type: application/grpc-web+proto",
].join("\r\n");
const next = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

describe("a connection of HTTP/1.1 is usable after a stream whose body was not read to its end:", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho();
  });
  afterAll(() => echo.server.close(0));

  test.each([
    ["it had arrived", [`${count}\r\ncontent-length: ${messages.length}\r\n\r\n`, messages, next]],
    [
      "it was under way",
      [`${count}\r\ncontent-length: ${messages.length + 9}\r\n\r\n`, messages, Buffer.alloc(9), next],
    ],
    [
      "it came in one with the next request",
      [
        Buffer.concat([
          Buffer.from(`${count}\r\ncontent-length: ${messages.length}\r\n\r\n`),
          messages,
          Buffer.from(next),
        ]),
      ],
    ],
  ])("%s", async (_what, pieces) => {
    const answers = await speak(echo.port, pieces, { pauseMs: 100 });
    expect(answers.match(/^HTTP\/1\.1 200 /gm)).toHaveLength(2);
    expect(answers).toMatch(/grpc-status: [1-9]/);
    expect(answers).toMatch(/\{"status":"ok"\}$/);
  });
});

test("an HTTP/2 connection keeps its window, however many bodies were not read to their end", async () => {
  const echo = await startEcho();
  const session = connect(`http://127.0.0.1:${echo.port}`);
  const header = {
    ":method": "POST",
    ":path": "/test.echo.v1.EchoService/Count",
    "content-type": "application/grpc",
    te: "trailers",
  };
  // The window of the connection is 1 MiB: it would be used up by a third of these.
  for (let call = 0; call < 50; call++) {
    const { header: answer, trailer } = await askSession(session, header, messages.subarray(0, 60_000));
    expect({ ...answer, ...trailer }["grpc-status"]).toBe("12");
  }
  session.destroy();
  await echo.server.close(0);
});
