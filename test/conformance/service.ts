import { setTimeout as sleep } from "node:timers/promises";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type ConformanceService,
  type Error as ErrorDefinition,
  type Header,
  HeaderSchema,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "../gen/connectrpc/conformance/v1/service_pb.js";

/** The service that the conformance suite calls: it answers as each request says. */
export const conformanceHandlers: ServiceImpl<typeof ConformanceService> = {
  unary: (request, context) => answerUnary(request.responseDefinition, [pack(UnaryRequestSchema, request)], context),
  idempotentUnary: (request, context) =>
    answerUnary(request.responseDefinition, [pack(IdempotentUnaryRequestSchema, request)], context),
  async clientStream(requests, context) {
    let definition: UnaryResponseDefinition | undefined;
    const seen: Any[] = [];
    for await (const request of requests) {
      definition ??= request.responseDefinition;
      seen.push(pack(ClientStreamRequestSchema, request));
    }
    return answerUnary(definition, seen, context);
  },
  async *serverStream(request, context) {
    const info = requestInfo([pack(ServerStreamRequestSchema, request)], context);
    yield* answerStream(request.responseDefinition, info, context);
  },
  async *bidiStream(requests, context) {
    let definition: StreamResponseDefinition | undefined;
    let isFullDuplex = false;
    let sent = 0;
    let seen: Any[] = [];
    for await (const request of requests) {
      if (definition === undefined) {
        definition = request.responseDefinition;
        isFullDuplex = request.fullDuplex;
        setMetadata(definition, context);
      }
      seen.push(pack(BidiStreamRequestSchema, request));
      if (isFullDuplex) {
        const data = definition?.responseData[sent];
        if (definition === undefined || data === undefined) {
          break;
        }
        const info =
          sent === 0 ? requestInfo(seen, context) : create(ConformancePayload_RequestInfoSchema, { requests: seen });
        await sleep(definition.responseDelayMs);
        yield { payload: { data, requestInfo: info } };
        sent++;
        seen = [];
      }
    }
    yield* answerStream(definition, requestInfo(seen, context), context, sent);
  },
  unimplemented() {
    throw new ConnectError("not implemented", Code.Unimplemented);
  },
};

async function answerUnary(definition: UnaryResponseDefinition | undefined, requests: Any[], context: HandlerContext) {
  setMetadata(definition, context);
  const info = requestInfo(requests, context);
  await sleep(definition?.responseDelayMs ?? 0);
  if (definition?.response.case === "error") {
    throw toConnectError(definition.response.value, info);
  }
  const data = definition?.response.case === "responseData" ? definition.response.value : new Uint8Array(0);
  return { payload: { data, requestInfo: info } };
}

async function* answerStream(
  definition: StreamResponseDefinition | undefined,
  info: ConformancePayload_RequestInfo,
  context: HandlerContext,
  alreadySent = 0,
) {
  setMetadata(definition, context);
  let sent = alreadySent;
  for (const data of definition?.responseData.slice(alreadySent) ?? []) {
    await sleep(definition?.responseDelayMs ?? 0);
    yield { payload: sent === 0 ? { data, requestInfo: info } : { data } };
    sent++;
  }
  if (definition?.error !== undefined) {
    throw toConnectError(definition.error, sent === 0 ? info : undefined);
  }
}

function setMetadata(
  definition: { responseHeaders: Header[]; responseTrailers: Header[] } | undefined,
  context: HandlerContext,
): void {
  setAll(context.responseHeader, definition?.responseHeaders ?? []);
  setAll(context.responseTrailer, definition?.responseTrailers ?? []);
}

function setAll(target: Headers, headers: readonly Header[]): void {
  for (const { name, value } of headers) {
    target.delete(name);
    for (const one of value) {
      target.append(name, one);
    }
  }
}

function requestInfo(requests: Any[], context: HandlerContext): ConformancePayload_RequestInfo {
  const timeoutMs = context.timeoutMs();
  const info = create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: toHeaders(context.requestHeader),
    requests,
  });
  if (timeoutMs !== undefined) {
    info.timeoutMs = BigInt(Math.trunc(timeoutMs));
  }
  if (context.requestMethod === "GET") {
    info.connectGetInfo = {
      $typeName: "connectrpc.conformance.v1.ConformancePayload.ConnectGetInfo",
      queryParams: toHeaders(new URL(context.url).searchParams),
    };
  }
  return info;
}

function toHeaders(pairs: Iterable<[string, string]>): Header[] {
  return [...pairs].map(([name, value]) => create(HeaderSchema, { name, value: [value] }));
}

function toConnectError(error: ErrorDefinition, info: ConformancePayload_RequestInfo | undefined): ConnectError {
  const result = new ConnectError(error.message ?? "", error.code as number as Code);
  result.details.push(
    ...error.details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value })),
  );
  if (info !== undefined) {
    result.details.push({ desc: ConformancePayload_RequestInfoSchema, value: info });
  }
  return result;
}

function pack<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): Any {
  return anyPack(desc, message);
}
