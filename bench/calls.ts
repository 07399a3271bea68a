import { create, type DescMessage, type DescMethodUnary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { SecretService } from "../gen/vault/v1/secrets_pb.js";
import { ZeqContext } from "../gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "../gen/zsc/v1/zsc_admin_pb.js";
import { EchoService } from "../test/gen/test/echo/v1/echo_pb.js";
import type { Load, LoadRequest } from "./load/load.ts";
import { secretName, valueBytes } from "./vault-content.ts";

/** A kind of call, ready to be sent: what a load is made of, without its size. */
export type Call = Pick<Load, "wire" | "method" | "headers" | "requests" | "leastAnswerBytes">;

/** Binary messages over HTTP/2 (`grpc`), and over HTTP/2 or HTTP/1.1 by the Connect protocol. */
export type Framing = "grpc" | "connect-http2" | "connect-http1";

export interface Tokens {
  /** A caller who owns every secret. */
  readonly reader: string;
  readonly admin: string;
}

/** What the bare calls carry there and back. */
const echoText = "x".repeat(valueBytes);
const batchSize = 100;
/** A read's answer: the value, a name of 20 bytes, and a receipt with two hashes and a UUID. */
const leastReadBytes = valueBytes + 20 + 2 * 64 + 36;

export function echoCall(framing: Framing): Call {
  return unaryCall(framing, EchoService.method.look, [{ text: echoText }], { leastAnswerBytes: valueBytes });
}

export function echoJson(): Call {
  const body = Buffer.from(JSON.stringify({ text: echoText })).toString("base64");
  return {
    wire: "http1",
    method: "POST",
    headers: { "content-type": "application/json" },
    requests: [{ path: "/api/echo/look", body }],
    leastAnswerBytes: valueBytes,
  };
}

/** Reads of the secrets with these numbers. */
export function readCall(framing: Framing, numbers: readonly number[], { reader }: Tokens): Call {
  const messages = numbers.map((number) => ({ name: secretName(number) }));
  return unaryCall(framing, ZeqContext.method.read, messages, { token: reader, leastAnswerBytes: leastReadBytes });
}

/** Reads of a hundred secrets at a time, each time others. */
export function batchReadCall(numbers: readonly number[], { reader }: Tokens): Call {
  const messages = numbers.slice(0, 100).map((_, shift) => ({
    names: Array.from({ length: batchSize }, (_, at) => secretName(numbers[(shift + at * 7) % numbers.length] ?? 0)),
  }));
  const leastAnswerBytes = batchSize * leastReadBytes;
  return unaryCall("grpc", ZeqContext.method.batchRead, messages, { token: reader, leastAnswerBytes });
}

/** Gives secrets that exist new values. */
export function setCall(numbers: readonly number[], { admin }: Tokens): Call {
  const value = "n".repeat(valueBytes);
  const messages = numbers.map((number) => ({ name: secretName(number), value }));
  return unaryCall("grpc", ZscAdmin.method.set, messages, { token: admin, leastAnswerBytes: 20 });
}

/** Asks whether `asZid` may read. */
export function probeCall(numbers: readonly number[], asZid: string, { admin }: Tokens): Call {
  const messages = numbers.map((number) => ({ name: secretName(number), asZid }));
  return unaryCall("grpc", ZscAdmin.method.probePermission, messages, { token: admin, leastAnswerBytes: 2 });
}

/** One page of a list. */
export function listCall(request: MessageInitShape<typeof ZscAdmin.method.list.input>, { admin }: Tokens): Call {
  return unaryCall("grpc", ZscAdmin.method.list, [request], { token: admin, leastAnswerBytes: 2 });
}

/** `GET /api/zsc/info/:name` */
export function infoCall(numbers: readonly number[], { admin }: Tokens): Call {
  return {
    wire: "http1",
    method: "GET",
    headers: { authorization: `Bearer ${admin}` },
    requests: numbers.map((number) => ({ path: `/api/zsc/info/${secretName(number)}`, body: "" })),
    leastAnswerBytes: 200,
  };
}

/** The rest of a secret's answer: an id, a path, an author, a time, and what JSON needs around them. */
const leastVaultBytes = 200;

/** Reads the newest versions of secrets of a vault of `/v1`. */
export function vaultGetCall(vaultId: string, numbers: readonly number[], credential: string): Call {
  return {
    ...{ wire: "http1", method: "GET", headers: { authorization: `Bearer ${credential}` } },
    requests: numbers.map((number) => ({ path: pathOf(vaultId, number), body: "" })),
    leastAnswerBytes: valueBytes + leastVaultBytes,
  };
}

/** The same over gRPC. */
export function vaultReadCall(vaultId: string, numbers: readonly number[], token: string): Call {
  const messages = numbers.map((number) => ({ vaultId, path: secretName(number) }));
  return unaryCall("grpc", SecretService.method.getSecret, messages, { token, leastAnswerBytes: valueBytes });
}

/** Gives secrets of a vault of `/v1` new versions. */
export function vaultPutCall(vaultId: string, numbers: readonly number[], credential: string): Call {
  const body = Buffer.from(JSON.stringify({ value: "n".repeat(valueBytes), type: "api_key" })).toString("base64");
  return {
    ...{ wire: "http1", method: "PUT" },
    headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
    requests: numbers.map((number) => ({ path: pathOf(vaultId, number), body })),
    leastAnswerBytes: 150,
  };
}

function pathOf(vaultId: string, number: number): string {
  return `/v1/vaults/${vaultId}/secrets/${secretName(number)}`;
}

interface UnaryOptions {
  readonly token?: string;
  readonly leastAnswerBytes: number;
}

function unaryCall<I extends DescMessage, O extends DescMessage>(
  framing: Framing,
  method: DescMethodUnary<I, O>,
  messages: readonly MessageInitShape<I>[],
  { token, leastAnswerBytes }: UnaryOptions,
): Call {
  const path = `/${method.parent.typeName}/${method.name}`;
  const requests = messages.map((message): LoadRequest => {
    const bytes = toBinary(method.input, create(method.input, message));
    return { path, body: (framing === "grpc" ? enveloped(bytes) : Buffer.from(bytes)).toString("base64") };
  });
  return {
    wire: framing === "connect-http1" ? "http1" : "http2",
    method: "POST",
    headers: {
      ...(framing === "grpc"
        ? { "content-type": "application/grpc+proto", te: "trailers" }
        : { "content-type": "application/proto", "connect-protocol-version": "1" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    requests,
    leastAnswerBytes,
  };
}

/** gRPC's message frame: not compressed, its length, itself. */
function enveloped(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}
