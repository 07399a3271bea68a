import {
  createRegistry,
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "#gen/google/rpc/error_details_pb.js";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { bindService, type ServiceBinding } from "./options.ts";

type SupportedType = DescMessage | DescEnum | DescExtension | DescService;
type Query = ServerReflectionRequest["messageRequest"];
type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;
type Answer = NonNullable<Response["messageResponse"]>;

/** Server reflection, v1 and v1alpha, over the descriptors of the services and their imports. */
export function bindReflection(services: readonly ServiceBinding[]): readonly ServiceBinding[] {
  // Created at the first request.
  let index: ReturnType<typeof createIndex> | undefined;
  async function* reflect(requests: AsyncIterable<Pick<ServerReflectionRequest, "host" | "messageRequest">>) {
    for await (const request of requests) {
      index ??= createIndex(services);
      const originalRequest = { host: request.host, messageRequest: request.messageRequest };
      yield { validHost: request.host, originalRequest, messageResponse: index.answer(request.messageRequest) };
    }
  }
  return [
    bindService(ServerReflection, { serverReflectionInfo: reflect }, { public: true }),
    // The two versions differ only in the names of their types.
    bindService(ServerReflectionAlpha, { serverReflectionInfo: reflect as never }, { public: true }),
  ];
}

/**
 * All files that the services need, dependencies first, and the file of error details. No service refers to error
 * details, but clients need their descriptors: a `google.rpc.Status` carries them as `Any`.
 */
export function filesOf(services: readonly ServiceBinding[]): readonly DescFile[] {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile) => {
    if (!files.has(file.name)) {
      for (const dependency of file.dependencies) {
        add(dependency);
      }
      files.set(file.name, file);
    }
  };
  for (const { service } of services) {
    add(service.file);
  }
  add(file_google_rpc_error_details);
  return [...files.values()];
}

/** All responses, created once: a lookup costs the same for any name that a client sends. */
function createIndex(services: readonly ServiceBinding[]) {
  const own = [{ service: ServerReflection }, { service: ServerReflectionAlpha }] as const;
  const names = [...services, ...own].map(({ service }) => service.typeName).sort();
  const bound = [...services, ...own.map(({ service }) => ({ service, implementation: {}, public: true }))];
  const files = filesOf(bound);
  const registry = createRegistry(...files);
  const extensions = [...registry].filter((type): type is DescExtension => type.kind === "extension");
  const byFile = new Map(files.map((file) => [file.proto.name, fileAnswer(file)]));
  const bySymbol = new Map(
    [...registry].flatMap((type) =>
      symbolsOf(type).map((symbol) => [symbol, byFile.get(type.file.proto.name)] as const),
    ),
  );
  const listed: Answer = { case: "listServicesResponse", value: { service: names.map((name) => ({ name })) } };
  const answer = (query: Query): Answer => {
    switch (query.case) {
      case "listServices":
        return listed;
      case "fileByFilename":
        return byFile.get(query.value) ?? notFound;
      case "fileContainingSymbol":
        return bySymbol.get(query.value) ?? notFound;
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = query.value;
        const extension = extensions.find(
          ({ extendee, number }) => extendee.typeName === containingType && number === extensionNumber,
        );
        return byFile.get(extension?.file.proto.name ?? "") ?? notFound;
      }
      case "allExtensionNumbersOfType": {
        const extended = extensions.filter(({ extendee }) => extendee.typeName === query.value);
        if (registry.getMessage(query.value) === undefined) {
          return notFound;
        }
        const value = { baseTypeName: query.value, extensionNumber: extended.map(({ number }) => number) };
        return { case: "allExtensionNumbersResponse", value };
      }
      default:
        return { case: "errorResponse", value: { errorCode: Code.InvalidArgument, errorMessage: "nothing was asked" } };
    }
  };
  return { answer };
}

/** The full names of a type and of its members: methods, fields, values. */
function symbolsOf(type: SupportedType): readonly string[] {
  const { typeName } = type;
  switch (type.kind) {
    case "message":
      return [typeName, ...[...type.fields, ...type.oneofs].map(({ name }) => `${typeName}.${name}`)];
    case "enum":
      // An enum value is scoped beside its enum; some clients request it as if it were inside.
      return [typeName, ...type.values.flatMap(({ name }) => [`${typeName}.${name}`, besideOf(typeName, name)])];
    case "service":
      return [typeName, ...type.methods.map(({ name }) => `${typeName}.${name}`)];
    case "extension":
      return [typeName];
  }
}

function besideOf(typeName: string, name: string): string {
  return typeName.slice(0, typeName.lastIndexOf(".") + 1) + name;
}

/** The file without its imports, which clients request by name. */
function fileAnswer(file: DescFile): Answer {
  const bytes = toBinary(FileDescriptorProtoSchema, file.proto);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: [bytes] } };
}

const notFound: Answer = { case: "errorResponse", value: { errorCode: Code.NotFound, errorMessage: "not found" } };
