import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Exchange, Reply } from "../http/exchange.ts";
import type { HeaderRecord } from "../http/headers.ts";
import { UnaryCall } from "./call.ts";
import { type Codec, decodeMessage, encodeMessage, tryEncodeWithRoom } from "./codec.ts";
import { decompress, isCompressed } from "./compression.ts";
import { addGrpcStatus } from "./grpc-status.ts";
import { encodeInTurns } from "./long-answer.ts";
import type { UnaryMethod } from "./methods.ts";
import { MessageTooLarge, serveUnary, type UnaryFraming, type UnaryRuntime } from "./unary.ts";

const prefixBytes = 5;
const compressedFlag = 0x01;
const trailerFlag = 0x80;

/**
 * Serves a unary call of gRPC or gRPC-Web (gRPC over HTTP/2; the Web variant carries its trailers in a last frame of
 * the body). The content types are `application/grpc`, `application/grpc-web`, each with `+proto` or `+json`.
 */
export function serveGrpc(
  runtime: UnaryRuntime,
  method: UnaryMethod,
  exchange: Exchange,
  kind: "grpc" | "grpc-web",
  codec: Codec,
): void {
  const call = new UnaryCall(method.method, exchange, kind);
  const framing = new GrpcFraming(runtime, method, call, codec);
  const timeout = exchange.header.get("grpc-timeout");
  serveUnary(runtime, method, call, framing, timeout === null ? undefined : parseGrpcTimeout(timeout));
}

class GrpcFraming implements UnaryFraming {
  readonly maxBodyBytes: number;
  readonly #runtime: UnaryRuntime;
  readonly #method: UnaryMethod;
  readonly #call: UnaryCall;
  readonly #codec: Codec;

  constructor(runtime: UnaryRuntime, method: UnaryMethod, call: UnaryCall, codec: Codec) {
    this.maxBodyBytes = method.maxBytes + prefixBytes;
    this.#runtime = runtime;
    this.#method = method;
    this.#call = call;
    this.#codec = codec;
  }

  decode(body: Uint8Array): Message | Promise<Message> {
    const isGzip = isCompressed(this.#call.requestHeader.get("grpc-encoding"), "grpc-accept-encoding");
    const { maxBytes } = this.#method;
    const { flags, message } = splitEnvelope(body, maxBytes);
    if ((flags & ~compressedFlag) !== 0) {
      throw new ConnectError("the envelope has unknown flags", Code.Internal);
    }
    if ((flags & compressedFlag) === 0) {
      return decodeMessage(this.#codec, this.#method, message);
    }
    if (!isGzip) {
      throw new ConnectError("a compressed message without grpc-encoding", Code.Internal);
    }
    return decompress(message, maxBytes).then((bytes) => decodeMessage(this.#codec, this.#method, bytes));
  }

  encodeInTurns(message: Message): Promise<Uint8Array> | undefined {
    return encodeInTurns(this.#codec, this.#method, message, this.#runtime.limits.maxResponseBytes);
  }

  reply(message: Message, encoded?: Uint8Array): void {
    const { maxResponseBytes } = this.#runtime.limits;
    const trailer: HeaderRecord = { "grpc-status": "0" };
    this.#call.setTrailer?.writeTo(trailer);
    const flat =
      encoded === undefined && this.#codec === "proto"
        ? tryEncodeWithRoom(this.#method, message, maxResponseBytes, prefixBytes)
        : undefined;
    if (flat !== undefined) {
      this.#sendEnvelope(this.#responseHeader(), writePrefix(flat, 0), trailer);
      return;
    }
    const bytes = encoded ?? encodeMessage(this.#codec, this.#method, message, maxResponseBytes);
    this.#send(this.#responseHeader(), bytes, trailer);
  }

  refuse(error: ConnectError): void {
    const trailer: HeaderRecord = {};
    this.#call.setTrailer?.writeTo(trailer);
    addGrpcStatus(trailer, error);
    const header = this.#responseHeader();
    const isTrailersOnly = this.#call.protocolName === "grpc" && this.#call.setHeader === undefined;
    if (isTrailersOnly) {
      this.#call.exchange.send({ status: 200, header: Object.assign(header, trailer) });
    } else {
      this.#send(header, undefined, trailer);
    }
  }

  #responseHeader(): HeaderRecord {
    const header: HeaderRecord = { "content-type": `application/${this.#call.protocolName}+${this.#codec}` };
    this.#call.setHeader?.writeTo(header);
    return header;
  }

  #send(header: HeaderRecord, message: Uint8Array | undefined, trailer: HeaderRecord): void {
    this.#sendEnvelope(header, message === undefined ? noBytes : toEnvelope(0, message), trailer);
  }

  #sendEnvelope(header: HeaderRecord, envelope: Uint8Array, trailer: HeaderRecord): void {
    const reply: Reply =
      this.#call.protocolName === "grpc"
        ? { status: 200, header, body: envelope, trailer }
        : { status: 200, header, body: Buffer.concat([envelope, toEnvelope(trailerFlag, trailerText(trailer))]) };
    this.#call.exchange.send(reply);
  }
}

/** Splits the body of a unary call: exactly one enveloped message. */
function splitEnvelope(body: Uint8Array, maxBytes: number): { flags: number; message: Uint8Array } {
  if (body.byteLength === 0) {
    throw new ConnectError("a unary call needs one message", Code.Unimplemented);
  }
  if (body.byteLength < prefixBytes) {
    throw new ConnectError("the message is incomplete", Code.InvalidArgument);
  }
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (length > maxBytes) {
    throw new MessageTooLarge();
  }
  const end = prefixBytes + length;
  if (body.byteLength < end) {
    throw new ConnectError("the message is incomplete", Code.InvalidArgument);
  }
  if (body.byteLength > end) {
    throw new ConnectError("a unary call takes one message", Code.Unimplemented);
  }
  return { flags: body[0] as number, message: body.subarray(prefixBytes) };
}

function toEnvelope(flags: number, message: Uint8Array): Buffer {
  const envelope = Buffer.allocUnsafe(prefixBytes + message.byteLength);
  envelope.set(message, prefixBytes);
  return writePrefix(envelope, flags);
}

/** Fills the first bytes of an envelope. */
function writePrefix(envelope: Buffer, flags: number): Buffer {
  envelope[0] = flags;
  envelope.writeUInt32BE(envelope.byteLength - prefixBytes, 1);
  return envelope;
}

function trailerText(trailer: HeaderRecord): Uint8Array {
  let text = "";
  for (const [name, value] of Object.entries(trailer)) {
    for (const one of typeof value === "string" ? [value] : value) {
      text += `${name}: ${one}\r\n`;
    }
  }
  return Buffer.from(text);
}

/** Parses up to 8 digits and a unit to milliseconds (gRPC over HTTP/2, `Timeout`). */
export function parseGrpcTimeout(text: string): number | "malformed" {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  return match === null ? "malformed" : Number(match[1]) * (msPerUnit[match[2] as string] as number);
}

const msPerUnit: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const noBytes = new Uint8Array(0);
