// The yardsticks' process: says what it was sent, in the framing that its argument names. With a database as its second
// argument it makes a bare commit there before each answer.
import { createServer as createHttp, type Server as HttpServer } from "node:http";
import { createServer as createHttp2, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Server as GrpcServer, ServerCredentials, type UntypedHandleCall } from "@grpc/grpc-js";
import { bindService, createServer } from "../src/transport/index.ts";
import {
  EchoService,
  type LookRequest,
  LookRequestSchema,
  type LookResponse,
  LookResponseSchema,
} from "../test/gen/test/echo/v1/echo_pb.js";
import { openCommitter } from "./committer.ts";
import type { EchoKind } from "./echo-kinds.ts";

const host = "127.0.0.1";
const [kind = "", database] = process.argv.slice(2);
const committer = database === undefined ? undefined : await openCommitter(database, "pair");
const handlers =
  committer === undefined
    ? { look: ({ text }: LookRequest) => ({ text }) }
    : {
        look: async ({ text }: LookRequest) => {
          await committer.commit();
          return { text };
        },
      };

/** Each listens on a free port of loopback and resolves with it. */
const starters: Readonly<Record<EchoKind, () => Promise<number>>> = {
  async fast() {
    const server = createServer({
      services: [bindService(EchoService, handlers)],
      health: { ready: async () => ({ ready: true, durable: true }) },
      jsonSurfaces: [
        {
          prefix: "/api/echo",
          success: (_method, json) => ({ status: 200, body: { ok: true, ...json } }),
          failure: () => ({ status: 500, body: { ok: false } }),
        },
      ],
    });
    return (await server.listen({ host, port: 0 })).port;
  },
  stock: () => listening(createHttp2(stockAdapter())),
  "stock-http1": () => listening(createHttp(stockAdapter())),
  http2: () => listening(rawHttp2()),
  http: () => listening(rawHttp()),
  "grpc-js": () => grpcJs(),
};

function stockAdapter() {
  return connectNodeAdapter({ routes: (router) => void router.service(EchoService, handlers) });
}

function rawHttp2(): Http2Server {
  return createHttp2().on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat(chunks));
    });
  });
}

function rawHttp(): HttpServer {
  return createHttp((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
  });
}

function grpcJs(): Promise<number> {
  const server = new GrpcServer();
  const look: UntypedHandleCall = (
    call: { readonly request: LookRequest },
    answer: (error: null, message: Pick<LookResponse, "$typeName" | "text">) => void,
  ) => answer(null, { $typeName: "test.echo.v1.LookResponse", text: call.request.text });
  server.addService(
    {
      look: {
        path: `/${EchoService.typeName}/Look`,
        requestStream: false,
        responseStream: false,
        requestDeserialize: (bytes: Buffer) => fromBinary(LookRequestSchema, bytes),
        requestSerialize: (message: LookRequest) => Buffer.from(toBinary(LookRequestSchema, message)),
        responseDeserialize: (bytes: Buffer) => fromBinary(LookResponseSchema, bytes),
        responseSerialize: (message: LookResponse) => Buffer.from(toBinary(LookResponseSchema, message)),
      },
    },
    { look },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) {
        resolve(port);
      } else {
        reject(error);
      }
    });
  });
}

function listening(server: HttpServer | Http2Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  });
}

if (!Object.hasOwn(starters, kind)) {
  throw new Error(`no such echo: ${kind}`);
}
process.stdout.write(`${JSON.stringify({ port: await starters[kind as EchoKind]() })}\n`);
