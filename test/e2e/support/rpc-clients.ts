import {
  create,
  createRegistry,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { type ChannelCredentials, Client, credentials, Metadata, type MetadataValue } from "@grpc/grpc-js";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { failureOfConnect, failureOfGrpc, type Outcome } from "./failure.ts";

/** The details of errors inside of a message are of types that a client in JSON must know. */
const jsonOptions = { registry: createRegistry(ErrorInfoSchema, RetryInfoSchema) };

export interface CallOptions {
  readonly token?: string | undefined;
  readonly timeoutMs?: number;
}

/** One client of one protocol; all of them are asked, and answer, alike. */
export interface RpcClient {
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<Outcome<MessageShape<O>>>;
  close(): void;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** A certificate to trust, in PEM: the target speaks TLS. */
  readonly ca?: string;
}

/** The official gRPC client for Node. */
export function grpcJsClient({ host, port, ca }: Target): RpcClient {
  const channel: ChannelCredentials =
    ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
  const client = new Client(`${host}:${port}`, channel, { "grpc.max_receive_message_length": 16_777_216 });
  return {
    close: () => client.close(),
    call: (method, request, { token, timeoutMs = 30_000 } = {}) =>
      new Promise((resolve) => {
        const metadata = new Metadata();
        if (token !== undefined) {
          metadata.set("authorization", `Bearer ${token}`);
        }
        let receipt: string | undefined;
        const call = client.makeUnaryRequest(
          `/${method.parent.typeName}/${method.name}`,
          (message: MessageShape<typeof method.input>) => Buffer.from(toBinary(method.input, message)),
          (bytes: Buffer) => fromBinary(method.output, bytes),
          create(method.input, request),
          metadata,
          { deadline: Date.now() + timeoutMs },
          (error, message) => {
            if (error === null && message !== undefined) {
              return resolve({ message, receipt });
            }
            const { code = 2, details = "", metadata: trailer = new Metadata() } = error ?? {};
            const status = bytesOf(trailer.get("grpc-status-details-bin")[0]);
            resolve({ failure: failureOfGrpc(code, details, status, textOf(trailer.get("zsc-receipt")[0])) });
          },
        );
        call.on("metadata", (header: Metadata) => {
          receipt = textOf(header.get("zsc-receipt")[0]);
        });
      }),
  };
}

/** A client of Connect over one of its transports. */
export function connectClient(transport: Transport, close: () => void = () => undefined): RpcClient {
  return {
    close,
    async call(method, request, { token, timeoutMs = 30_000 } = {}) {
      const header = token === undefined ? {} : { authorization: `Bearer ${token}` };
      try {
        const answer = await transport.unary(method, undefined, timeoutMs, header, request);
        return { message: answer.message, receipt: answer.header.get("zsc-receipt") ?? undefined };
      } catch (error) {
        return { failure: failureOfConnect(error) };
      }
    },
  };
}

type Open = (target: Target) => RpcClient;

/** Every protocol, encoding and version of HTTP in which the services can be called. */
export const rpcClients: readonly (readonly [string, Open])[] = [
  ["grpc-js", grpcJsClient],
  ["Connect's gRPC client", (target) => overHttp2(target, (options) => createGrpcTransport(options))],
  [
    "Connect's gRPC client in JSON",
    (target) =>
      overHttp2(target, (options) => createGrpcTransport({ ...options, useBinaryFormat: false, jsonOptions })),
  ],
  ["gRPC-Web over HTTP/1.1", (target) => overHttp1(target, (options) => createGrpcWebTransport(options))],
  [
    "gRPC-Web over HTTP/2",
    (target) => overHttp2(target, (options) => createGrpcWebTransport({ ...options, httpVersion: "2" })),
  ],
  [
    "gRPC-Web in JSON",
    (target) =>
      overHttp1(target, (options) => createGrpcWebTransport({ ...options, useBinaryFormat: false, jsonOptions })),
  ],
  [
    "Connect in JSON over HTTP/1.1",
    (target) =>
      overHttp1(target, (options) => createConnectTransport({ ...options, useBinaryFormat: false, jsonOptions })),
  ],
  ["Connect in binary over HTTP/1.1", (target) => overHttp1(target, (options) => createConnectTransport(options))],
  [
    "Connect in JSON over HTTP/2",
    (target) =>
      overHttp2(target, (options) =>
        createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat: false, jsonOptions }),
      ),
  ],
  [
    "Connect in binary over HTTP/2",
    (target) => overHttp2(target, (options) => createConnectTransport({ ...options, httpVersion: "2" })),
  ],
];

function baseUrlOf({ host, port, ca }: Target): string {
  return `${ca === undefined ? "http" : "https"}://${host}:${port}`;
}

interface Http1Options {
  readonly baseUrl: string;
  readonly httpVersion: "1.1";
  readonly useBinaryFormat: boolean;
  readonly nodeOptions: { readonly ca?: string };
}

function overHttp1(target: Target, transport: (options: Http1Options) => Transport): RpcClient {
  const nodeOptions = target.ca === undefined ? {} : { ca: target.ca };
  return connectClient(
    transport({ baseUrl: baseUrlOf(target), httpVersion: "1.1", useBinaryFormat: true, nodeOptions }),
  );
}

interface Http2Options {
  readonly baseUrl: string;
  readonly useBinaryFormat: boolean;
  readonly sessionManager: Http2SessionManager;
}

function overHttp2(target: Target, transport: (options: Http2Options) => Transport): RpcClient {
  const baseUrl = baseUrlOf(target);
  const sessionManager = new Http2SessionManager(baseUrl, {}, target.ca === undefined ? {} : { ca: target.ca });
  return connectClient(transport({ baseUrl, useBinaryFormat: true, sessionManager }), () => sessionManager.abort());
}

function bytesOf(value: MetadataValue | undefined): Uint8Array | undefined {
  return typeof value === "string" ? undefined : value;
}

function textOf(value: MetadataValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
