import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { http2Client } from "./support/http.ts";
import { rpcClients } from "./support/rpc-clients.ts";
import { closeVaults, databaseKinds, openVault, type Vault } from "./support/vault.ts";

const services = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "vault.v1.AccountService",
  "vault.v1.AgentService",
  "vault.v1.AuditService",
  "vault.v1.PolicyService",
  "vault.v1.SecretService",
  "vault.v1.SignInService",
  "vault.v1.VaultService",
  "zsc.v1.ZeqContext",
  "zsc.v1.ZscAdmin",
];

describe.each(databaseKinds)("what needs no token, on %s", (database) => {
  let vault: Vault;
  let session: Http2SessionManager;
  const transport = () =>
    createGrpcTransport({ baseUrl: `http://${vault.host}:${vault.port}`, sessionManager: session });
  beforeAll(async () => {
    vault = await openVault({ database });
    session = new Http2SessionManager(`http://${vault.host}:${vault.port}`);
  }, 90_000);
  afterAll(async () => {
    session.abort();
    await closeVaults();
  }, 60_000);

  test("GET /healthz says that the process lives", async () => {
    const answer = await vault.sendBare("GET", "/healthz");
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
  });

  test("GET /readyz says that the database is there, and durable", async () => {
    const answer = await vault.sendBare("GET", "/readyz");
    expect([answer.status, answer.json]).toMatchObject([200, { status: "ready", durable: true }]);
  });

  test.each(rpcClients)("grpc.health.v1 answers through %s", async (_name, open) => {
    const client = open(vault);
    const check = async (service: string) => await client.call(Health.method.check, { service });
    for (const service of ["", "zsc.v1.ZscAdmin", "zsc.v1.ZeqContext"]) {
      expect((await check(service)).message?.status).toBe(Status.SERVING);
    }
    expect((await check("zsc.v1.NoSuchService")).failure?.code).toBe("NOT_FOUND");
    client.close();
  });

  test("Watch tells the status at once", async () => {
    const stop = new AbortController();
    const watch = createClient(Health, transport()).watch({ service: "zsc.v1.ZeqContext" }, { signal: stop.signal });
    for await (const { status } of watch) {
      expect(status).toBe(Status.SERVING);
      break;
    }
    stop.abort();
  });

  test.each([
    ["v1", ServerReflection],
    ["v1alpha", ServerReflectionAlpha],
  ] as const)("reflection %s lists the services and describes them without any file", async (_version, service) => {
    const client = createClient(service as typeof ServerReflection, transport());
    type Query = { readonly case: "listServices" | "fileContainingSymbol" | "fileByFilename"; readonly value: string };
    const ask = async (messageRequest: Query) => {
      async function* requests() {
        yield { messageRequest };
      }
      for await (const { messageResponse } of client.serverReflectionInfo(requests())) {
        return messageResponse;
      }
      throw new Error("no answer");
    };
    const list = await ask({ case: "listServices", value: "" });
    expect(list.case === "listServicesResponse" && list.value.service.map(({ name }) => name)).toEqual(services);

    const files = new Map<string, ReturnType<typeof parse>>();
    const parse = (bytes: Uint8Array) => fromBinary(FileDescriptorProtoSchema, bytes);
    const fetchFile = async (query: Query): Promise<void> => {
      const answer = await ask(query);
      if (answer.case !== "fileDescriptorResponse") {
        throw new Error(`no file for ${query.value}`);
      }
      for (const file of answer.value.fileDescriptorProto.map(parse)) {
        if (files.has(file.name)) {
          continue;
        }
        for (const dependency of file.dependency) {
          await fetchFile({ case: "fileByFilename", value: dependency });
        }
        files.set(file.name, file);
      }
    };
    await fetchFile({ case: "fileContainingSymbol", value: "zsc.v1.ZeqContext" });
    await fetchFile({ case: "fileContainingSymbol", value: "google.rpc.ErrorInfo" });
    const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: [...files.values()] });
    expect(registry.getService("zsc.v1.ZeqContext")?.methods.map(({ name }) => name)).toEqual([
      "Read",
      "BatchRead",
      "ListNames",
    ]);
    expect(registry.getMessage("google.rpc.ErrorInfo")?.fields.map(({ name }) => name)).toContain("reason");
  });

  test("a path that is nothing is 404 in HTTP and UNIMPLEMENTED in gRPC", async () => {
    expect((await vault.sendBare("GET", "/")).status).toBe(404);
    expect((await vault.sendBare("GET", "/api")).status).toBe(404);
    const path = "/zsc.v1.ZscAdmin/NoSuchMethod";
    expect((await vault.sendBare("POST", path, { body: {} })).status).toBe(404);
    const http2 = http2Client(vault.host, vault.port);
    const headers = { "content-type": "application/grpc", te: "trailers" };
    const grpc = await http2.send("POST", path, { headers, body: Buffer.alloc(5) });
    expect([grpc.status, grpc.headers["grpc-status"]]).toEqual([200, "12"]);
    http2.close();
  });
});
