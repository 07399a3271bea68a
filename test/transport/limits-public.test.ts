import { once } from "node:events";
import http2 from "node:http2";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import type { Readiness } from "../../src/base/readiness.ts";
import { networkOf } from "../../src/transport/http/peer.ts";
import type { ServerOptions } from "../../src/transport/index.ts";
import { EchoService } from "../gen/test/echo/v1/echo_pb.js";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { envelope } from "./wire.ts";

const good: Readiness = { ready: true, durable: true };
let echo: EchoServer;
let sessions: Http2SessionManager[] = [];
afterEach(async () => {
  for (const session of sessions) {
    session.abort();
  }
  sessions = [];
  await echo.server.close(0);
});

const start = async (options: Partial<ServerOptions>) => {
  echo = await startEcho({ interceptors: [], ...options });
};

/** A connection of its own. */
function connect(make: typeof createGrpcTransport = createGrpcTransport): Transport {
  const baseUrl = `http://127.0.0.1:${echo.port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  sessions.push(sessionManager);
  return make({ baseUrl, sessionManager });
}

/** Opens a watch and waits for its first status. */
async function watch(transport: Transport) {
  const abort = new AbortController();
  const statuses: AsyncIterator<{ readonly status: Status }> = createClient(Health, transport)
    .watch({}, { signal: abort.signal })
    [Symbol.asyncIterator]();
  const { value } = await statuses.next();
  return {
    status: value?.status,
    next: async () => (await statuses.next()).value?.status,
    leave: async () => {
      abort.abort();
      await statuses.next().catch(() => undefined);
    },
  };
}

async function refusalOf(action: Promise<unknown>): Promise<ConnectError> {
  return await action.then(
    () => Promise.reject(new Error("it was not refused")),
    (error: unknown) => ConnectError.from(error),
  );
}

async function recorded(count: number) {
  while (echo.records.length < count) {
    await new Promise((next) => setTimeout(next, 5));
  }
  return echo.records.map(({ method, code, framing }) => [method.name, code, framing]);
}

describe("streams that need no token", () => {
  test.each([
    ["on one connection", { maxPublicStreamsPerConnection: 2 }, true],
    ["from one address", { maxPublicStreamsPerAddress: 2 }, false],
    ["together", { maxPublicStreams: 2 }, false],
  ])("are so many %s, and a place that is left is free", async (_what, limits, isShared) => {
    await start({ limits });
    const first = connect();
    const another = () => (isShared ? first : connect());
    const begun = [await watch(first), await watch(another())];
    const refusal = await refusalOf(watch(another()));
    expect([refusal.code, refusal.metadata.get("retry-after")]).toEqual([Code.ResourceExhausted, "1"]);
    expect(refusal.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(1n);
    expect((await createClient(Health, first).check({})).status).toBe(Status.SERVING);
    if (isShared) {
      expect((await watch(connect())).status).toBe(Status.SERVING);
    }
    const before = echo.records.length;
    await begun[0]?.leave();
    await recorded(before + 1);
    expect((await watch(another())).status).toBe(Status.SERVING);
  });

  test.each([
    ["grpc", createGrpcTransport],
    ["grpc-web", createGrpcWebTransport],
    ["connect", createConnectTransport],
  ])("are refused in the words of %s, and logged", async (framing, make) => {
    await start({ limits: { maxPublicStreams: 0 } });
    const transport = connect((options) => make({ httpVersion: "2", useBinaryFormat: true, ...options } as never));
    expect((await refusalOf(watch(transport))).code).toBe(Code.ResourceExhausted);
    expect(await recorded(1)).toEqual([["Watch", Code.ResourceExhausted, framing]]);
  });

  test("take so many messages", async () => {
    await start({ limits: { maxPublicStreamMessages: 3 } });
    const ask = async (count: number) => {
      async function* requests() {
        for (let sent = 0; sent < count; sent++) {
          yield { messageRequest: { case: "listServices", value: "" } as const };
        }
      }
      let answers = 0;
      for await (const _ of createClient(ServerReflection, connect()).serverReflectionInfo(requests())) {
        answers += 1;
      }
      return answers;
    };
    expect(await ask(3)).toBe(3);
    expect((await refusalOf(ask(4))).code).toBe(Code.ResourceExhausted);
  });

  test("last so long, and end as one that can be opened again", async () => {
    await start({ limits: { maxPublicStreamMs: 100 } });
    const { status, next } = await watch(connect());
    expect(status).toBe(Status.SERVING);
    expect((await refusalOf(next())).code).toBe(Code.Unavailable);
    expect(await recorded(1)).toEqual([["Watch", Code.Unavailable, "grpc"]]);
  });

  test.each([
    ["Watch, without a message", "/grpc.health.v1.Health/Watch", Buffer.alloc(0)],
    ["Watch, with a message and no end", "/grpc.health.v1.Health/Watch", envelope(Buffer.alloc(0))],
    ["reflection, without a message", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Buffer.alloc(0)],
  ])("are given up when what was begun does not come: %s", async (_what, path, bytes) => {
    await start({ limits: { requestTimeoutMs: 100, firstMessageTimeoutMs: 100 } });
    const session = http2.connect(`http://127.0.0.1:${echo.port}`);
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
    stream.on("error", () => undefined).resume();
    if (bytes.length > 0) {
      stream.write(bytes);
    }
    await once(stream, "close");
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    session.destroy();
  });
});

test("unary calls that need no token are so many at once", async () => {
  const { promise, resolve } = Promise.withResolvers<Readiness>();
  await start({ limits: { maxPublicCallsPerConnection: 2 }, health: { ready: () => promise } });
  const client = createClient(Health, connect());
  const begun = [client.check({}), client.check({})];
  const refusal = await refusalOf(client.check({}));
  expect([refusal.code, refusal.metadata.get("retry-after")]).toEqual([Code.ResourceExhausted, "1"]);
  resolve(good);
  expect((await Promise.all(begun)).map(({ status }) => status)).toEqual([Status.SERVING, Status.SERVING]);
  expect((await client.check({})).status).toBe(Status.SERVING);
});

test("requests of /readyz have places among them, and give them back", async () => {
  const { promise, resolve } = Promise.withResolvers<Readiness>();
  await start({ limits: { maxPublicCallsPerAddress: 2 }, health: { ready: () => promise } });
  const ask = () => fetch(`http://127.0.0.1:${echo.port}/readyz`);
  const asked = [ask(), ask(), ask()];
  const refusal = await Promise.race(asked);
  expect([refusal.status, refusal.headers.get("retry-after")]).toEqual([429, "1"]);
  resolve(good);
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([200, 200, 429]);
  const again = await Promise.all([ask(), createClient(Health, connect()).check({})]);
  expect(again.map(({ status }) => status)).toEqual([200, Status.SERVING]);
});

test("watchers share one question, and all hear of a change", async () => {
  let readiness = good;
  let asked = 0;
  await start({
    health: {
      async ready() {
        asked += 1;
        return readiness;
      },
    },
  });
  const transport = connect();
  const watchers = await Promise.all(Array.from({ length: 12 }, () => watch(transport)));
  const askedAtFirst = asked;
  readiness = { ready: false, durable: true };
  const changed = await Promise.all(watchers.map(({ next }) => next()));
  expect(new Set(changed)).toEqual(new Set([Status.NOT_SERVING]));
  expect(askedAtFirst).toBeLessThan(watchers.length);
  expect(asked - askedAtFirst).toBeLessThan(watchers.length);
});

describe("a stream is held to the rules of unary calls:", () => {
  const count = async (to: number, transport: Transport) => {
    const numbers: number[] = [];
    for await (const { number } of createClient(EchoService, transport).count({ to })) {
      numbers.push(number);
    }
    return numbers;
  };

  test("its messages are checked", async () => {
    await start({
      check: () => {
        throw new ConnectError("breaks a rule", Code.InvalidArgument);
      },
    });
    expect((await refusalOf(count(2, connect()))).code).toBe(Code.InvalidArgument);
    expect(await recorded(1)).toEqual([["Count", Code.InvalidArgument, "grpc"]]);
    expect((await watch(connect())).status).toBe(Status.SERVING);
  });

  test("it is logged once, with what became of it", async () => {
    await start({});
    const transport = connect();
    expect(await count(2, transport)).toEqual([1, 2]);
    await recorded(1);
    await (await watch(transport)).leave();
    await recorded(2);
    await refusalOf(count(-1, transport));
    expect(await recorded(3)).toEqual([
      ["Count", undefined, "grpc"],
      ["Watch", Code.Canceled, "grpc"],
      ["Count", Code.Internal, "grpc"],
    ]);
    expect(echo.records.every(({ durationMs }) => durationMs > 0)).toBe(true);
  });
});

test.each([
  ["10.1.2.3", "10.1.2.3"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["", ""],
])("the address %s is of the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
