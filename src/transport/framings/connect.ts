import type { Message } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import type { Exchange } from "../http/exchange.ts";
import { addMetadata, type HeaderRecord } from "../http/headers.ts";
import { UnaryCall } from "./call.ts";
import { type Codec, decodeMessage, encodeMessage } from "./codec.ts";
import { decompress, isCompressed } from "./compression.ts";
import { encodeInTurns } from "./long-answer.ts";
import type { UnaryMethod } from "./methods.ts";
import { serveUnary, type Timeout, type UnaryFraming, type UnaryRuntime } from "./unary.ts";

/** Serves a unary call of the Connect protocol, by POST. */
export function serveConnect(runtime: UnaryRuntime, method: UnaryMethod, exchange: Exchange, codec: Codec): void {
  const call = new UnaryCall(method.method, exchange, "connect");
  const encoding = exchange.header.get("content-encoding");
  serveUnary(runtime, method, call, new ConnectFraming(runtime, method, call, codec, encoding), timeoutOf(exchange));
}

/** Serves a side-effect-free call by GET: the message is in the query (Connect protocol, `Unary-Get-Request`). */
export function serveConnectGet(runtime: UnaryRuntime, method: UnaryMethod, exchange: Exchange): void {
  const query = new URLSearchParams(exchange.target.slice(exchange.target.indexOf("?") + 1));
  const codec = query.get("encoding") === "proto" ? "proto" : "json";
  const call = new UnaryCall(method.method, exchange, "connect");
  const framing = new ConnectFraming(runtime, method, call, codec, query.get("compression"));
  serveUnary(runtime, method, call, Object.assign(framing, { ownBody: () => messageOf(query) }), timeoutOf(exchange));
}

class ConnectFraming implements UnaryFraming {
  readonly maxBodyBytes: number;
  readonly #runtime: UnaryRuntime;
  readonly #method: UnaryMethod;
  readonly #call: UnaryCall;
  readonly #codec: Codec;
  readonly #encoding: string | null;

  constructor(runtime: UnaryRuntime, method: UnaryMethod, call: UnaryCall, codec: Codec, encoding: string | null) {
    this.maxBodyBytes = method.maxBytes;
    this.#runtime = runtime;
    this.#method = method;
    this.#call = call;
    this.#codec = codec;
    this.#encoding = encoding;
  }

  decode(body: Uint8Array): Message | Promise<Message> {
    const version = this.#call.requestHeader.get("connect-protocol-version");
    if (version !== null && version !== "1") {
      throw new ConnectError("connect-protocol-version must be 1", Code.InvalidArgument);
    }
    if (!isCompressed(this.#encoding, "accept-encoding")) {
      return decodeMessage(this.#codec, this.#method, body);
    }
    return decompress(body, this.maxBodyBytes).then((bytes) => decodeMessage(this.#codec, this.#method, bytes));
  }

  encodeInTurns(message: Message): Promise<Uint8Array> | undefined {
    return encodeInTurns(this.#codec, this.#method, message, this.#runtime.limits.maxResponseBytes);
  }

  reply(message: Message, encoded?: Uint8Array): void {
    const { maxResponseBytes } = this.#runtime.limits;
    const body = encoded ?? encodeMessage(this.#codec, this.#method, message, maxResponseBytes);
    const header = this.#responseHeader(`application/${this.#codec}`);
    this.#call.exchange.send({ status: 200, header, body });
  }

  refuse(error: ConnectError): void {
    const header = this.#responseHeader("application/json");
    addMetadata(header, error.metadata);
    const body = errorToJsonBytes(error, undefined);
    this.#call.exchange.send({ status: codeToHttpStatus(error.code), header, body });
  }

  #responseHeader(contentType: string): HeaderRecord {
    const header: HeaderRecord = { "content-type": contentType, "cache-control": "no-store" };
    this.#call.setHeader?.writeTo(header);
    this.#call.setTrailer?.writeTo(header, "trailer-");
    return header;
  }
}

function messageOf(query: URLSearchParams): Uint8Array {
  const text = query.get("message") ?? "";
  if (query.get("base64") !== "1") {
    return Buffer.from(text, "utf8");
  }
  try {
    return base64Decode(text);
  } catch {
    throw new ConnectError("message is not base64", Code.InvalidArgument);
  }
}

function timeoutOf(exchange: Exchange): Timeout {
  const text = exchange.header.get("connect-timeout-ms");
  if (text === null) {
    return undefined;
  }
  return /^\d{1,10}$/.test(text) ? Number(text) : "malformed";
}
