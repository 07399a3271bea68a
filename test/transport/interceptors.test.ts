import { Code, ConnectError, createClient, createContextKey, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { encodeGrpcMessage } from "../../src/transport/framings/grpc-status.ts";
import { CallHeaders } from "../../src/transport/http/headers.ts";
import { bindService, type CallRecord, type ServerOptions } from "../../src/transport/index.ts";
import { EchoService } from "../gen/test/echo/v1/echo_pb.js";
import { callerKey, echoHandlers, startEcho } from "./echo-server.ts";

const transports = { createConnectTransport, createGrpcTransport, createGrpcWebTransport };

/** Runs an action against a server, over each protocol. */
async function overAll(
  options: Partial<ServerOptions>,
  action: (client: ReturnType<typeof createClient<typeof EchoService>>, records: CallRecord[]) => Promise<void>,
): Promise<void> {
  const echo = await startEcho(options);
  for (const createTransport of Object.values(transports)) {
    const transport = createTransport({ baseUrl: `http://127.0.0.1:${echo.port}`, httpVersion: "2" } as never);
    await action(createClient(EchoService, transport), echo.records);
  }
  await echo.server.close(0);
}

describe("a check", () => {
  test("refuses a message before interceptors and handler see it, and lets the others through", async () => {
    const seen: string[] = [];
    const watch: Interceptor = (next) => (request) => {
      seen.push(request.method.name);
      return next(request);
    };
    const check: ServerOptions["check"] = (method, message) => {
      if (Reflect.get(message, "text") === "bad") {
        throw new ConnectError(`${method.name} refused`, Code.FailedPrecondition);
      }
    };
    await overAll({ check, interceptors: [watch] }, async (client, records) => {
      const refused = { code: Code.FailedPrecondition, rawMessage: "Look refused" };
      await expect(client.look({ text: "bad" })).rejects.toMatchObject(refused);
      expect(seen.splice(0)).toEqual([]);
      expect(records.at(-1)).toMatchObject({ code: Code.FailedPrecondition });
      expect(await client.look({ text: "good" })).toMatchObject({ text: "good" });
      expect(seen.splice(0)).toEqual(["Look"]);
    });
  });

  test("is not asked about public services", async () => {
    const check = () => {
      throw new ConnectError("refused", Code.FailedPrecondition);
    };
    const services = [bindService(EchoService, echoHandlers, { public: true })];
    await overAll({ check, services }, async (client) => {
      expect(await client.look({ text: "x" })).toMatchObject({ text: "x" });
    });
  });
});

describe("interceptors", () => {
  test("run from the first to the last, for unary calls and streams alike", async () => {
    const order: string[] = [];
    const note =
      (name: string): Interceptor =>
      (next) =>
      async (request) => {
        order.push(`${name} in`);
        const response = await next(request);
        order.push(`${name} out`);
        return response;
      };
    await overAll({ interceptors: [note("a"), note("b")] }, async (client) => {
      const expected = ["a in", "b in", "b out", "a out"];
      await client.look({ text: "x" });
      expect(order.splice(0)).toEqual(expected);
      for await (const _ of client.count({ to: 1 })) {
      }
      expect(order.splice(0)).toEqual(expected);
    });
  });

  test("see the call and may replace any part of it by a spread", async () => {
    const key = createContextKey("unset");
    const spread: Interceptor = (next) => async (request) => {
      expect(request.method.name).toBe("Echo");
      expect(request.service.typeName).toBe("test.echo.v1.EchoService");
      expect(request.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/test\.echo\.v1\.EchoService\/Echo$/);
      request.contextValues.set(key, "set");
      const header = new Headers({ "echo-header": "replaced" });
      const response = await next({ ...request, header } as typeof request);
      response.header.set("added", "yes");
      return { ...response, trailer: new Headers({ "echo-trailer": "replaced" }) } as typeof response;
    };
    const inner: Interceptor = (next) => (request) => {
      expect(request.header.get("echo-header")).toBe("replaced");
      expect(request.signal.aborted).toBe(false);
      expect(request.contextValues.get(key)).toBe("set");
      return next(request);
    };
    await overAll({ interceptors: [spread, inner] }, async (client) => {
      const seen: Record<string, string | null> = {};
      await client.echo(
        {},
        {
          onHeader: (header) => {
            seen["header"] = header.get("echo-header");
            seen["added"] = header.get("added");
          },
          onTrailer: (trailer) => {
            seen["trailer"] = trailer.get("echo-trailer");
          },
        },
      );
      expect(seen).toEqual({ header: "replaced", added: "yes", trailer: "replaced" });
    });
  });

  test("may answer themselves, and refuse", async () => {
    const refuse: Interceptor = () => async () => {
      throw new ConnectError("refused", Code.FailedPrecondition);
    };
    await overAll({ interceptors: [refuse] }, async (client) => {
      await expect(client.look({})).rejects.toMatchObject({ code: Code.FailedPrecondition, rawMessage: "refused" });
    });
  });

  test("have their failures translated, once, with those of handlers and of admission", async () => {
    class DomainError extends Error {}
    const options: Partial<ServerOptions> = {
      admit: (method) => {
        if (method.name === "Remove") {
          throw new DomainError("admission");
        }
      },
      services: [
        bindService(EchoService, {
          ...echoHandlers,
          look: () => {
            throw new DomainError("handler");
          },
        }),
      ],
      translate: (reason) =>
        reason instanceof DomainError
          ? new ConnectError(`translated: ${reason.message}`, Code.OutOfRange)
          : ConnectError.from(reason),
    };
    await overAll(options, async (client, records) => {
      await expect(client.look({})).rejects.toMatchObject({ code: Code.OutOfRange, rawMessage: "translated: handler" });
      await expect(client.remove({})).rejects.toMatchObject({
        code: Code.OutOfRange,
        rawMessage: "translated: admission",
      });
      expect(records.at(-1)?.reason).toBeInstanceOf(DomainError);
    });
  });

  test("do not make a translator that fails tell more than it should", async () => {
    const translate = () => {
      throw new Error("canary");
    };
    await overAll({ translate }, async (client) => {
      await expect(client.fail({})).rejects.toMatchObject({ code: Code.Internal, rawMessage: "internal error" });
    });
  });
});

test("a record of each call tells method, framing, code, time and what admission knew", async () => {
  const { server, port, records } = await startEcho();
  await fetch(`http://127.0.0.1:${port}/api/echo/look/x`, { headers: { authorization: "me" } });
  await fetch(`http://127.0.0.1:${port}/api/echo/look/x`, { headers: { authorization: "Bearer no" } });
  const short = records.map(({ method, framing, code, values }) => [method.name, framing, code, values.get(callerKey)]);
  expect(short).toEqual([
    ["Look", "json", undefined, "me"],
    ["Look", "json", Code.Unauthenticated, "nobody"],
  ]);
  expect(records.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  await server.close(0);
});

describe("the headers of a call", () => {
  test("behave as the standard ones, and remember what was sent twice", () => {
    const headers = new CallHeaders([":path", "/", "A", "1", "a", "2", "Cookie", "x=1", "cookie", "y=2"]);
    expect([headers.get("A"), headers.get("cookie"), headers.get("b")]).toEqual(["1, 2", "x=1; y=2", null]);
    expect(headers.all("a")).toEqual(["1", "2"]);
    expect([...headers]).toEqual([
      ["a", "1, 2"],
      ["cookie", "x=1; y=2"],
    ]);
    headers.set("A", " 3 ");
    headers.append("B", "4");
    expect([...new Headers(headers).entries()]).toEqual([
      ["a", "3"],
      ["b", "4"],
      ["cookie", "x=1; y=2"],
    ]);
    headers.delete("cookie");
    expect([[...headers.keys()], [...headers.values()], headers.has("cookie")]).toEqual([
      ["b", "a"].sort(),
      ["3", "4"],
      false,
    ]);
  });
});

test.each([
  ["plain: a/b?c=d", "plain: a/b?c=d"],
  ["100%", "100%25"],
  ["ü", "%C3%BC"],
  ["\u0000\n\u007f", "%00%0A%7F"],
  ["", ""],
])("grpc-message encodes %j as %j", (message, encoded) => {
  expect(encodeGrpcMessage(message)).toBe(encoded);
  expect(decodeURIComponent(encoded)).toBe(message);
});
