import {
  createRegistry,
  type DescExtension,
  type DescFile,
  type MessageInitShape,
  type Registry,
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

type Query = ServerReflectionRequest["messageRequest"];
type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;
type Answer = NonNullable<Response["messageResponse"]>;

/** Server reflection, v1 and v1alpha, over the descriptors of the services and all that they import. */
export function bindReflection(services: readonly ServiceBinding[]): readonly ServiceBinding[] {
  // Made for the first who asks.
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
    // The two versions have the same shape, and differ in the names of their types only.
    bindService(ServerReflectionAlpha, { serverReflectionInfo: reflect as never }, { public: true }),
  ];
}

/**
 * All files that the services need, dependencies before dependents, and that of error details: those are no part of any
 * service, yet clients want to read them, and a `google.rpc.Status` inside of an answer carries them as `Any`.
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

function createIndex(services: readonly ServiceBinding[]) {
  const own = [{ service: ServerReflection }, { service: ServerReflectionAlpha }] as const;
  const names = [...services, ...own].map(({ service }) => service.typeName).sort();
  const bound = [...services, ...own.map(({ service }) => ({ service, implementation: {}, public: true }))];
  const files = filesOf(bound);
  const registry = createRegistry(...files);
  const extensions = [...registry].filter((type): type is DescExtension => type.kind === "extension");
  const answer = (query: Query): Answer => {
    switch (query.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: names.map((name) => ({ name })) } };
      case "fileByFilename":
        return fileAnswer(files.find((file) => file.proto.name === query.value));
      case "fileContainingSymbol":
        return fileAnswer(fileOfSymbol(registry, query.value));
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = query.value;
        return fileAnswer(
          extensions.find(({ extendee, number }) => extendee.typeName === containingType && number === extensionNumber)
            ?.file,
        );
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

/** Finds the file of a type, or of what stands inside of one: a method, a field, a value. */
function fileOfSymbol(registry: Registry, symbol: string): DescFile | undefined {
  for (let name = symbol; name.includes("."); name = name.slice(0, name.lastIndexOf("."))) {
    const type = registry.get(name);
    if (type !== undefined) {
      return type.file;
    }
  }
  return undefined;
}

/** The file alone: clients ask for its imports by name. */
function fileAnswer(file: DescFile | undefined): Answer {
  if (file === undefined) {
    return notFound;
  }
  const bytes = toBinary(FileDescriptorProtoSchema, file.proto);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: [bytes] } };
}

const notFound: Answer = { case: "errorResponse", value: { errorCode: Code.NotFound, errorMessage: "not found" } };
