import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Code } from "@connectrpc/connect";
import { sinkOf, usualTimes, writeBody } from "../../src/transport/http/streamed-body.ts";

describe("a body that is made while it is taken", () => {
  let server: Server;
  afterEach(() => server.close());

  /** The answer to one request whose body is `chunks`, and what became of sending it. */
  async function serve(chunks: () => AsyncIterable<string>, times: Parameters<typeof writeBody>[2] = usualTimes) {
    const sent = Promise.withResolvers<unknown>();
    server = createServer((_request, response) => {
      writeBody(sinkOf(response), chunks(), times).then(
        () => sent.resolve("whole"),
        (reason) => sent.resolve(reason),
      );
    }).listen(0);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const [answer] = (await once(get({ port, agent: false }), "response")) as [IncomingMessage];
    return { answer, sent: sent.promise };
  }
  const textOf = async (answer: IncomingMessage) => {
    let text = "";
    for await (const chunk of answer.setEncoding("utf8")) {
      text += chunk;
    }
    return text;
  };
  async function* endless() {
    for (;;) {
      yield "x".repeat(65_536);
    }
  }

  test("comes whole", async () => {
    const { answer, sent } = await serve(async function* () {
      yield "one ";
      yield "two";
    });
    expect(await textOf(answer)).toBe("one two");
    expect(await sent).toBe("whole");
  });

  test("is cut when its source fails, and the reason is told", async () => {
    const reason = new Error("the database is away");
    const arrived = Promise.withResolvers<void>();
    const { answer, sent } = await serve(async function* () {
      yield "one";
      await arrived.promise;
      throw reason;
    });
    arrived.resolve();
    await expect(textOf(answer)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await sent).toBe(reason);
  });

  test.each([
    ["is not taken", { maxPauseMs: 100, maxBodyMs: 60_000 }, false],
    ["is taken for too long", { maxPauseMs: 60_000, maxBodyMs: 300 }, true],
  ])("is cut when it %s", async (_what, times, isTaken) => {
    const closed = Promise.withResolvers<void>();
    const { answer, sent } = await serve(async function* () {
      try {
        yield* endless();
      } finally {
        closed.resolve();
      }
    }, times);
    if (isTaken) {
      answer.resume();
    }
    answer.on("error", () => undefined);
    expect(await sent).toMatchObject({ code: Code.DeadlineExceeded });
    await closed.promise;
    answer.destroy();
  });

  test("is given up when its source does not go on", async () => {
    const { answer, sent } = await serve(
      async function* () {
        yield "one";
        await new Promise(() => undefined);
      },
      { maxPauseMs: 100, maxBodyMs: 60_000 },
    );
    await expect(textOf(answer)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await sent).toMatchObject({ code: Code.DeadlineExceeded });
  });

  test("is no longer made when the caller has gone", async () => {
    const { answer, sent } = await serve(endless);
    answer.on("error", () => undefined).destroy();
    expect(await sent).toMatchObject({ code: Code.Canceled });
  });
});
