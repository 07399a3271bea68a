import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { createContextKey } from "@connectrpc/connect";
import { BodyBudget } from "../../src/transport/http/body-budget.ts";
import type { Limits, ServerOptions } from "../../src/transport/index.ts";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askSession, envelope } from "./wire.ts";

const header = { ":method": "POST", ":path": "/test.echo.v1.EchoService/Look", "content-type": "application/grpc" };
const bodyBytes = 10_000;
const principalKey = createContextKey("nobody");
const overloaded = "14";

let echo: EchoServer;
const sessions: http2.ClientHttp2Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) {
    session.destroy();
  }
  await echo.server.close(0);
});

async function start(limits: Partial<Limits>, options: Partial<ServerOptions> = {}): Promise<void> {
  echo = await startEcho({
    limits,
    admit: (_method, { header: given }, values) => {
      values.set(principalKey, given.get("authorization") ?? "nobody");
    },
    shareOf: (values) => values.get(principalKey),
    ...options,
  });
}

function connect(): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${echo.port}`);
  sessions.push(session);
  return session;
}

/**
 * A message of so many bytes, the first of them sent, all but the last one unless it is told otherwise: the server has
 * them once a later call is answered.
 */
function begin(session: http2.ClientHttp2Session, principal: string, bytes = bodyBytes, first = bytes - 1) {
  const text = Buffer.alloc(bytes - 5 - 4, "x");
  const length = [(text.length & 127) | 128, ((text.length >> 7) & 127) | 128, text.length >> 14];
  const whole = envelope(Buffer.concat([Buffer.from([0x0a, ...length]), text]));
  const stream = session.request({ ...header, authorization: principal });
  // A refusal is all in the headers.
  const status = once(stream, "response").then(([headers]) => (headers as http2.IncomingHttpHeaders)["grpc-status"]);
  stream.on("error", () => undefined).resume();
  let sent = first;
  stream.write(whole.subarray(0, sent));
  return {
    status,
    grow(more: number) {
      stream.write(whole.subarray(sent, sent + more));
      sent += more;
    },
    end: () => stream.end(whole.subarray(sent)),
  };
}

const probe = (session: http2.ClientHttp2Session) => askSession(session, { ":path": "/healthz" });

describe("large bodies that are begun and not ended", () => {
  test("hold so much together and no more, and give it back", async () => {
    await start({ maxUnfinishedBytes: 3 * bodyBytes, maxSmallBodyBytes: 0 });
    const session = connect();
    for (let round = 0; round < 2; round++) {
      const begun = [begin(session, "a"), begin(session, "b"), begin(session, "c")];
      await probe(session);
      expect(await begin(session, "d").status).toBe(overloaded);
      for (const { end } of begun) {
        end();
      }
      for (const { status } of begun) {
        expect(await status).toBeUndefined();
      }
    }
  });

  test("hold what they have grown to, piece by piece, and give it back", async () => {
    await start({ maxUnfinishedBytes: 3 * bodyBytes, maxSmallBodyBytes: 0 });
    const session = connect();
    for (let round = 0; round < 2; round++) {
      const begun = ["a", "b", "c"].map((principal) => begin(session, principal, bodyBytes, 9));
      for (let piece = 0; piece < 3; piece++) {
        // Once this is answered, the server has gone on to a later turn of its event loop.
        await probe(session);
        for (const { grow } of begun) {
          grow(3_330);
        }
      }
      await probe(session);
      const more = begin(session, "d");
      await probe(session);
      more.end();
      expect(await more.status).toBe(overloaded);
      for (const { end } of begun) {
        end();
      }
      for (const { status } of begun) {
        expect(await status).toBeUndefined();
      }
    }
  });

  test("leave room for small ones", async () => {
    await start({ maxUnfinishedBytes: bodyBytes, maxSmallBodyBytes: 1_000 });
    const session = connect();
    begin(session, "a");
    await probe(session);
    expect(await begin(session, "b", 9_000).status).toBe(overloaded);
    const small = begin(session, "b", 900);
    small.end();
    expect(await small.status).toBeUndefined();
  });
});

describe("the bodies of one principal", () => {
  test("hold his share, on however many connections, and leave that of others", async () => {
    await start({ maxUnfinishedBytesPerShare: 2 * bodyBytes });
    const [one, two] = [connect(), connect()];
    const begun = [begin(one, "a"), begin(two, "a")];
    await Promise.all([probe(one), probe(two)]);
    expect(await begin(one, "a").status).toBe(overloaded);
    expect(await begin(two, "a", 500).status).toBe(overloaded);
    const other = begin(one, "b");
    other.end();
    expect(await other.status).toBeUndefined();
    begun[0]?.end();
    expect(await begun[0]?.status).toBeUndefined();
    const again = begin(two, "a");
    again.end();
    expect(await again.status).toBeUndefined();
  });

  test("are refused when they grow beyond his share", async () => {
    await start({ maxUnfinishedBytesPerShare: bodyBytes + 100 });
    const session = connect();
    const [one, grown] = [begin(session, "a"), begin(session, "a", bodyBytes, 50)];
    await probe(session);
    grown.grow(100);
    await probe(session);
    grown.end();
    expect(await grown.status).toBe(overloaded);
    one.end();
    expect(await one.status).toBeUndefined();
  });

  test("are refused also over HTTP/1.1 when they grow beyond it", async () => {
    await start({ maxUnfinishedBytesPerShare: bodyBytes });
    const request = http.request({
      port: echo.port,
      method: "POST",
      path: "/test.echo.v1.EchoService/Look",
      headers: { "content-type": "application/json", expect: "100-continue" },
    });
    const answered = once(request, "response");
    request.flushHeaders();
    // The server says so once it waits for the body: the first turn of its event loop ends without a byte of that.
    await once(request, "continue");
    request.end(JSON.stringify({ text: "x".repeat(bodyBytes) }));
    const [answer] = (await answered) as [http.IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(503);
  });

  test("give their share back when their caller goes away", async () => {
    await start({ maxUnfinishedBytesPerShare: bodyBytes });
    const gone = connect();
    begin(gone, "a").status.catch(() => undefined);
    await probe(gone);
    const before = echo.records.length;
    gone.destroy();
    while (echo.records.length === before) {
      await new Promise((next) => setTimeout(next, 5));
    }
    const again = begin(connect(), "a");
    again.end();
    expect(await again.status).toBeUndefined();
  });
});

test("the bodies of one address hold its share, whoever sends them", async () => {
  await start({ maxUnfinishedBytesPerAddress: 2 * bodyBytes });
  const session = connect();
  begin(session, "a");
  begin(session, "b");
  await probe(session);
  expect(await begin(session, "c").status).toBe(overloaded);
});

test("an address has a share of its own", () => {
  const budget = new BodyBudget({
    maxUnfinishedBytes: 100,
    maxUnfinishedBytesPerAddress: 60,
    maxUnfinishedBytesPerShare: 50,
    maxSmallBodyBytes: 10,
  });
  const [a, b] = [
    { address: "10.0.0.1", share: undefined },
    { address: "10.0.0.2", share: "b" },
  ];
  expect(budget.take(a, 0, 60)).toBe(true);
  expect(budget.take(a, 60, 1)).toBe(false);
  expect(budget.take(b, 0, 51)).toBe(false);
  expect(budget.take(b, 0, 50)).toBe(true);
  budget.give(a, 60);
  budget.give(b, 50);
  expect(budget.take(a, 0, 60)).toBe(true);
});
