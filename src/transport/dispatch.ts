import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { Codec } from "./framings/codec.ts";
import { serveConnect, serveConnectGet } from "./framings/connect.ts";
import { serveGrpc } from "./framings/grpc.ts";
import type { UnaryMethod } from "./framings/methods.ts";
import type { StreamHandler } from "./framings/streams.ts";
import type { UnaryRuntime } from "./framings/unary.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Mistake } from "./http/well-formed.ts";
import type { SurfaceHandler } from "./json/surface.ts";
import type { PageServer } from "./pages.ts";

interface DispatcherParts {
  readonly runtime: UnaryRuntime;
  readonly methods: ReadonlyMap<string, UnaryMethod>;
  readonly streams: ReadonlyMap<string, StreamHandler>;
  readonly surfaces: readonly SurfaceHandler[];
  readonly pages: ReadonlyMap<string, PageServer>;
}

/** Handles one exchange; a request with a `mistake` is refused. */
export type Dispatcher = (exchange: Exchange, mistake: Mistake | undefined) => void;

/** Routes a request by its path, then by its content type. */
export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { runtime, methods, streams, surfaces, pages } = parts;
  return (exchange, mistake) => {
    if (exchange.isOversized) {
      refuseHeaders(exchange, surfaces);
      return;
    }
    const path = pathOf(exchange.target);
    const method = mistake === undefined ? methods.get(path) : undefined;
    if (method !== undefined) {
      serveMethod(runtime, method, exchange);
      return;
    }
    const stream = mistake === undefined ? streams.get(path) : undefined;
    if (stream !== undefined) {
      stream(exchange);
      return;
    }
    const surface = surfaceOf(surfaces, path);
    if (mistake !== undefined) {
      serveMistake(surface, exchange, mistake);
    } else if (surface !== undefined) {
      surface.serve(exchange, path, exchange.target.slice(path.length + 1));
    } else {
      const page = pages.get(path);
      if (page === undefined) {
        serveNothing(exchange);
      } else {
        page(exchange, exchange.target.slice(path.length + 1));
      }
    }
  };
}

function surfaceOf(surfaces: readonly SurfaceHandler[], path: string): SurfaceHandler | undefined {
  return surfaces.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
}

/** Refuses headers over their limits (RFC 6585 §5), in the format of the framing, before any other check. */
function refuseHeaders(exchange: Exchange, surfaces: readonly SurfaceHandler[]): void {
  const surface = surfaceOf(surfaces, pathOf(exchange.target));
  if (surface !== undefined) {
    surface.refuse(exchange, { kind: "headers_too_large" });
    return;
  }
  const message = "the request headers are too large";
  const framing = parseContentType(exchange.contentType)?.framing;
  if (framing === "grpc" || framing === "grpc-web") {
    const status = { "grpc-status": String(Code.ResourceExhausted), "grpc-message": message };
    exchange.send({ status: 200, header: { "content-type": `application/${framing}`, ...status } });
    return;
  }
  const header = { "content-type": "application/json; charset=utf-8" };
  exchange.send({ status: 431, header, body: JSON.stringify({ code: "resource_exhausted", message }) });
}

function serveMistake(surface: SurfaceHandler | undefined, exchange: Exchange, { status, sentence }: Mistake): void {
  if (surface !== undefined && status === 400) {
    surface.refuse(exchange, { kind: "malformed", sentence });
    return;
  }
  const header = { "content-type": "application/json; charset=utf-8" };
  exchange.send({ status, header, body: JSON.stringify({ code: "invalid_argument", message: sentence }) });
}

/** The path of a request target, not decoded. */
function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}

function serveMethod(runtime: UnaryRuntime, method: UnaryMethod, exchange: Exchange): void {
  if (exchange.httpMethod === "GET" && isIdempotent(method)) {
    serveConnectGet(runtime, method, exchange);
    return;
  }
  if (exchange.httpMethod !== "POST") {
    exchange.send({ status: 405, header: { allow: isIdempotent(method) ? "GET, POST" : "POST" } });
    return;
  }
  const type = parseContentType(exchange.contentType);
  if (type === undefined) {
    exchange.send({ status: 415, header: { "accept-post": acceptedTypes } });
  } else if (type.framing === "connect") {
    serveConnect(runtime, method, exchange, type.codec);
  } else if (type.framing === "grpc" && exchange.httpVersion === 1) {
    exchange.send({ status: 505, header: { connection: "close" } });
  } else {
    serveGrpc(runtime, method, exchange, type.framing, type.codec);
  }
}

function isIdempotent(method: UnaryMethod): boolean {
  return method.method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

interface ContentType {
  readonly framing: "grpc" | "grpc-web" | "connect";
  readonly codec: Codec;
}

function contentType(framing: ContentType["framing"], codec: Codec): ContentType {
  return { framing, codec };
}

const contentTypes: ReadonlyMap<string, ContentType> = new Map([
  ["application/grpc", contentType("grpc", "proto")],
  ["application/grpc+proto", contentType("grpc", "proto")],
  ["application/grpc+json", contentType("grpc", "json")],
  ["application/grpc-web", contentType("grpc-web", "proto")],
  ["application/grpc-web+proto", contentType("grpc-web", "proto")],
  ["application/grpc-web+json", contentType("grpc-web", "json")],
  ["application/proto", contentType("connect", "proto")],
  ["application/json", contentType("connect", "json")],
]);
const acceptedTypes = [...contentTypes.keys()].join(", ");

function parseContentType(text: string | undefined): ContentType | undefined {
  if (text === undefined) {
    return undefined;
  }
  const known = contentTypes.get(text);
  if (known !== undefined) {
    return known;
  }
  const [type = "", parameter = ""] = text.toLowerCase().split(";", 2);
  const found = contentTypes.get(type.trim());
  const isUtf8 = parameter.trim() === "" || /^charset="?utf-?8"?$/.test(parameter.trim());
  return found !== undefined && isUtf8 ? found : undefined;
}

function serveNothing(exchange: Exchange): void {
  const framing = parseContentType(exchange.contentType)?.framing;
  if (framing === "grpc" || framing === "grpc-web") {
    const header = { "content-type": `application/${framing}`, "grpc-status": String(Code.Unimplemented) };
    exchange.send({ status: 200, header });
    return;
  }
  const header = { "content-type": "application/json; charset=utf-8" };
  exchange.send({ status: 404, header, body: '{"code":"unimplemented","message":"not found"}' });
}
