import { create, type DescMethod, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection, ServerReflectionRequestSchema } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { BatchReadRequestSchema, ReadRequestSchema, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { SetRequestSchema, ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { mutate, type Random } from "./random.ts";

/** What the attacks know of the server: a stranger knows the paths, and one who has a token that. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** A certificate to trust, in PEM: the server speaks TLS. */
  readonly ca: string | undefined;
  readonly tokens: readonly string[];
}

const services = [ZscAdmin, ZeqContext, Health, ServerReflection, ServerReflectionAlpha];
const methods: readonly DescMethod[] = services.flatMap((service) => service.methods);
const rpcPaths = methods.map((method) => `/${method.parent.typeName}/${method.name}`);
const calls = [
  "list",
  "set",
  "probe-permission",
  "info/a",
  "rotate/a",
  "grant/a",
  "revoke/a",
  "audit/a",
  "a",
  "",
  "info/",
];
const plainPaths = [...calls.map((call) => `/api/zsc/${call}`), "/healthz", "/readyz", "/", "/api/zsc", "/nowhere"];
const oddPaths = [
  "*",
  "http://x/api/zsc/list",
  "//",
  "/api/zsc/%zz",
  "/api/zsc/info/%2e%2e",
  "/\xc3\xa9",
  "/a#b",
  "/?a=%",
  "",
];

export function anyPath(random: Random): string {
  const path = random.pick([rpcPaths, rpcPaths, plainPaths, plainPaths, oddPaths]);
  const query = random.pick(["", "", "", "?", "?limit=1", "?limit=-1&limit=x", `?${"a=b&".repeat(50)}`]);
  const connectGet = "?encoding=json&connect=v1&message=%7B%7D";
  return random.pick(path) + (random.chance(0.1) ? connectGet : query);
}

export const contentTypes = [
  "application/json",
  "application/json; charset=utf-8",
  "application/proto",
  "application/grpc",
  "application/grpc+proto",
  "application/grpc+json",
  "application/grpc-web",
  "application/grpc-web+proto",
  "application/connect+proto",
  "application/connect+json",
  "application/grpc-web-text",
  "text/plain",
  "",
] as const;

export function anyMessage(random: Random, asJson: boolean): Buffer {
  const name = random.pick(["a", "b", "", "x".repeat(300), "a/b", "é", "\u0000"]);
  const value = random.pick(["v", "", "y".repeat(70_000), "🚀"]);
  const encode = random.pick([
    () => encoded(ReadRequestSchema, { name, purpose: "fuzz" }, asJson),
    () => encoded(BatchReadRequestSchema, { names: Array.from({ length: random.int(120) }, () => name) }, asJson),
    () => encoded(SetRequestSchema, { name, value }, asJson),
    () => encoded(ServerReflectionRequestSchema, { messageRequest: { case: "listServices", value: "" } }, asJson),
    () => Buffer.from(`{"name":"a","value":${"[".repeat(random.int(5_000))}`),
    () => Buffer.from('{"name":1,"value":null,"permissions":{"zids":7},"expiresZeqond":1e999}'),
    () => Buffer.alloc(0),
    () => random.bytes(random.int(200)),
  ]);
  const bytes = encode();
  return random.chance(0.2) ? mutate(random, bytes) : bytes;
}

function encoded<Desc extends Parameters<typeof create>[0]>(schema: Desc, init: object, asJson: boolean): Buffer {
  const message = create(schema, init as never);
  return Buffer.from(asJson ? Buffer.from(toJsonString(schema, message)) : toBinary(schema, message));
}
