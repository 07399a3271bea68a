import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type Interceptor, type UnaryRequest } from "@connectrpc/connect";
import { createJsonDecoder, type JsonDecoder } from "../json/decoder.ts";
import type { Limits } from "../limits.ts";
import type { MessageSizes, ServiceBinding } from "../options.ts";
import type { UnaryCall } from "./call.ts";

/** The list of messages that makes answers of a type long, where it has one. */
export type EntriesField = DescField & { readonly fieldKind: "list"; readonly message: DescMessage };

export function entriesFieldOf({ fields }: DescMessage): EntriesField | undefined {
  return fields.find((field): field is EntriesField => field.fieldKind === "list" && field.message !== undefined);
}

/** A unary method with everything that a call needs, looked up once at start. */
export interface UnaryMethod {
  readonly method: DescMethodUnary;
  readonly isPublic: boolean;
  /** Limit of the size of its request message. */
  readonly maxBytes: number;
  /** Limit of the fields, or JSON values, of its request message. */
  readonly maxItems: number;
  readonly decodeJson: JsonDecoder;
  readonly entriesField: EntriesField | undefined;
  /** All types of the server: what may stand inside of a `google.protobuf.Any`. */
  readonly registry: Registry;
  invoke(call: UnaryCall, message: Message): Promise<Message>;
}

type Implementation = (message: Message, context: HandlerContext) => unknown;
type AnyFn = Parameters<Interceptor>[0];
type UnaryResponse = Awaited<ReturnType<AnyFn>>;

interface MethodBounds {
  readonly limits: Limits;
  readonly sizes: MessageSizes | undefined;
}

/** Compiles the unary methods of all services, by path (`/package.Service/Method`). */
export function compileMethods(
  services: readonly ServiceBinding[],
  interceptors: readonly Interceptor[],
  registry: Registry,
  { limits, sizes }: MethodBounds,
): ReadonlyMap<string, UnaryMethod> {
  const methods = new Map<string, UnaryMethod>();
  for (const binding of services) {
    for (const method of binding.service.methods) {
      if (isUnary(method)) {
        const implementation = implementationOf(binding, method);
        methods.set(`/${binding.service.typeName}/${method.name}`, {
          method,
          isPublic: binding.public,
          registry,
          maxBytes: binding.public
            ? limits.maxPublicMessageBytes
            : (binding.maxMessageBytes ??
              Math.min(limits.maxMessageBytes, sizes?.maxBytes(method.input) ?? limits.maxMessageBytes)),
          maxItems: limits.maxMessageItems,
          decodeJson: createJsonDecoder(method.input, { protoNames: true, registry, sizes }),
          entriesField: entriesFieldOf(method.output),
          invoke: compileInvoke(method, implementation, interceptors),
        });
      }
    }
  }
  return methods;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function implementationOf(binding: ServiceBinding, method: DescMethodUnary): Implementation {
  const implementation = binding.implementation[method.localName];
  if (typeof implementation === "function") {
    return implementation.bind(binding.implementation) as Implementation;
  }
  return () => {
    throw new ConnectError(`${method.parent.typeName}.${method.name} is not implemented`, Code.Unimplemented);
  };
}

function compileInvoke(
  method: DescMethodUnary,
  implementation: Implementation,
  interceptors: readonly Interceptor[],
): UnaryMethod["invoke"] {
  const run = async (message: Message, context: HandlerContext) =>
    create(method.output, (await implementation(message, context)) as Message);
  if (interceptors.length === 0) {
    return (call, message) => run(message, call);
  }
  const innermost = async (request: Parameters<AnyFn>[0]) => {
    const call = (request as OwnRequest)[ownCall];
    return answer(
      call,
      await run(request.message as Message, contextFor(call, request as UnaryRequest)),
    ) as UnaryResponse;
  };
  // As in Connect, the first interceptor is the outermost, so the chain is built from the last.
  const chain = interceptors.reduceRight<AnyFn>((next, interceptor) => interceptor(next), innermost);
  return async (call, message) => {
    const response = await chain(ask(call, message));
    replaceAll(call.responseHeader, response.header);
    replaceAll(call.responseTrailer, response.trailer);
    return response.message as Message;
  };
}

const ownCall: unique symbol = Symbol("call");
type OwnRequest = UnaryRequest & { readonly [ownCall]: UnaryCall };

// Own properties, because an interceptor may pass on a spread copy. Only `signal` is expensive enough for an accessor.
function ask(call: UnaryCall, message: Message): OwnRequest {
  return {
    stream: false,
    [ownCall]: call,
    message,
    method: call.method as DescMethodUnary,
    service: call.service,
    requestMethod: call.requestMethod,
    url: call.url,
    header: call.requestHeader,
    contextValues: call.values,
    get signal() {
      return call.signal;
    },
  };
}

function answer(call: UnaryCall, message: Message) {
  return {
    stream: false,
    message,
    method: call.method,
    service: call.service,
    header: call.responseHeader,
    trailer: call.responseTrailer,
  };
}

/** The handler's context: the call itself, unless an interceptor has replaced parts of the request. */
function contextFor(call: UnaryCall, request: UnaryRequest): HandlerContext {
  const hasOurSignal = Object.getOwnPropertyDescriptor(request, "signal")?.get !== undefined;
  if (hasOurSignal && request.header === call.requestHeader && request.contextValues === call.values) {
    return call;
  }
  const { header: requestHeader, signal, contextValues: values } = request;
  return {
    method: call.method,
    service: call.service,
    requestMethod: call.requestMethod,
    protocolName: call.protocolName,
    url: call.url,
    timeoutMs: () => call.timeoutMs(),
    responseHeader: call.responseHeader,
    responseTrailer: call.responseTrailer,
    requestHeader,
    signal,
    values,
  };
}

/** Copies headers or trailers that an interceptor has substituted for ours. */
function replaceAll(target: Headers, source: Headers): void {
  if (target !== source) {
    for (const name of [...target.keys()]) {
      target.delete(name);
    }
    source.forEach((value, name) => {
      target.append(name, value);
    });
  }
}
