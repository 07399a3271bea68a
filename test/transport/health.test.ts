import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection, type ServerReflectionRequest } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import type { Readiness } from "../../src/base/readiness.ts";
import { type EchoServer, startEcho } from "./echo-server.ts";
import { askJson } from "./wire.ts";

let echo: EchoServer;
let readiness: () => Promise<Readiness>;
const ready = async (): Promise<Readiness> => ({ ready: true, durable: true });
beforeAll(async () => {
  echo = await startEcho({
    health: { ready: () => readiness() },
    admit: () => {
      throw new Error("health and reflection need no token");
    },
  });
});
beforeEach(() => {
  readiness = ready;
});
afterAll(() => echo.server.close(0));
const transport = () => createGrpcTransport({ baseUrl: `http://127.0.0.1:${echo.port}` });

describe("health over gRPC", () => {
  const client = () => createClient(Health, transport());

  test("is one for the server and for each service", async () => {
    for (const service of ["", "test.echo.v1.EchoService"]) {
      expect((await client().check({ service })).status).toBe(Status.SERVING);
    }
    await expect(client().check({ service: "nobody" })).rejects.toMatchObject({ code: 5 });
    const { statuses } = await client().list({});
    expect(Object.keys(statuses).sort()).toEqual(["", "test.echo.v1.EchoService"]);
  });

  test("is bad when the server is not ready or cannot tell", async () => {
    readiness = async () => ({ ready: false, durable: true });
    expect((await client().check({})).status).toBe(Status.NOT_SERVING);
    readiness = async () => Promise.reject(new Error("canary"));
    expect((await client().check({})).status).toBe(Status.NOT_SERVING);
  });

  test("can be watched", async () => {
    const first = async (service: string) => {
      for await (const { status } of client().watch({ service })) {
        return status;
      }
      return undefined;
    };
    expect(await first("")).toBe(Status.SERVING);
    expect(await first("nobody")).toBe(Status.SERVICE_UNKNOWN);
  });
});

describe("health over HTTP", () => {
  test("tells that the process lives, whatever else is wrong", async () => {
    readiness = async () => ({ ready: false, durable: false });
    expect(await askJson(echo.port, "GET", "/healthz")).toMatchObject({ status: 200, json: { status: "ok" } });
  });

  test("tells whether it is ready, and durable", async () => {
    const get = () => askJson(echo.port, "GET", "/readyz");
    expect(await get()).toMatchObject({ status: 200, json: { status: "ready", durable: true } });
    readiness = async () => ({ ready: true, durable: false, detail: "sync_binlog is 0" });
    expect((await get()).json).toEqual({ status: "ready", durable: false, detail: "sync_binlog is 0" });
    readiness = async () => ({ ready: false, durable: true, detail: "the database is away" });
    expect(await get()).toMatchObject({ status: 503, json: { status: "unavailable", detail: "the database is away" } });
    readiness = async () => Promise.reject(new Error("canary"));
    expect(await get()).toMatchObject({ status: 503, text: '{"status":"unavailable","durable":false}' });
  });

  test("answers HEAD without a body and refuses the rest", async () => {
    expect(await askJson(echo.port, "HEAD", "/readyz")).toMatchObject({ status: 200, text: "" });
    expect((await askJson(echo.port, "POST", "/readyz")).status).toBe(405);
  });
});

describe.each([
  ["v1", ServerReflection],
  ["v1alpha", ServerReflectionAlpha as unknown as typeof ServerReflection],
])("reflection %s", (_version, service) => {
  const ask = async (messageRequest: ServerReflectionRequest["messageRequest"]) => {
    async function* requests() {
      yield { messageRequest };
    }
    for await (const { messageResponse } of createClient(service, transport()).serverReflectionInfo(requests())) {
      return messageResponse;
    }
    throw new Error("no answer");
  };
  const fileNames = async (request: ServerReflectionRequest["messageRequest"]) => {
    const { case: kind, value } = await ask(request);
    return kind === "fileDescriptorResponse"
      ? value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)
      : kind;
  };

  test("lists the services", async () => {
    expect(await ask({ case: "listServices", value: "" })).toMatchObject({
      value: {
        service: [
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
          { name: "test.echo.v1.EchoService" },
        ],
      },
    });
  });

  test.each([
    ["test.echo.v1.EchoService", "test/echo/v1/echo.proto"],
    ["test.echo.v1.EchoService.Echo", "test/echo/v1/echo.proto"],
    ["test.echo.v1.EchoRequest.text", "test/echo/v1/echo.proto"],
    ["google.rpc.ErrorInfo", "google/rpc/error_details.proto"],
    ["google.protobuf.Timestamp", "google/protobuf/timestamp.proto"],
  ])("finds the file of %s", async (symbol, file) => {
    expect(await fileNames({ case: "fileContainingSymbol", value: symbol })).toEqual([file]);
    expect(await fileNames({ case: "fileByFilename", value: file })).toEqual([file]);
  });

  test("finds extensions and counts them", async () => {
    const containingType = "google.protobuf.MethodOptions";
    const extension = { containingType, extensionNumber: 72295728 } as never;
    expect(await fileNames({ case: "fileContainingExtension", value: extension })).toEqual([
      "google/api/annotations.proto",
    ]);
    expect(await ask({ case: "allExtensionNumbersOfType", value: containingType })).toMatchObject({
      value: { baseTypeName: containingType, extensionNumber: [72295728] },
    });
  });

  test("says what it does not know", async () => {
    for (const [kind, value] of [
      ["fileByFilename", "no.proto"],
      ["fileContainingSymbol", "no.Thing"],
      ["allExtensionNumbersOfType", "no.Thing"],
    ] as const) {
      expect(await ask({ case: kind, value })).toMatchObject({ case: "errorResponse", value: { errorCode: 5 } });
    }
  });
});
