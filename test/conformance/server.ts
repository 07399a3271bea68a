// The server that the Connect conformance suite starts: it reads its properties from stdin and writes its address to
// stdout, each as a message with its length before it.
import { once } from "node:events";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { bindService, createServer, type ServerOptions } from "../../src/transport/index.ts";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "../gen/connectrpc/conformance/v1/server_compat_pb.js";
import { ConformanceService } from "../gen/connectrpc/conformance/v1/service_pb.js";
import { conformanceHandlers } from "./service.ts";

async function run(): Promise<void> {
  const request = fromBinary(ServerCompatRequestSchema, await readMessage());
  const host = "127.0.0.1";
  const server = createServer(optionsFor(request));
  const { port } = await server.listen({ host, port: 0 });
  const pemCert = request.serverCreds?.cert ?? new Uint8Array(0);
  const response = toBinary(ServerCompatResponseSchema, create(ServerCompatResponseSchema, { host, port, pemCert }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(response.byteLength);
  process.stdout.write(Buffer.concat([length, response]));
  await once(process, "SIGTERM");
  await server.close(1_000);
}

function optionsFor(request: ServerCompatRequest): ServerOptions {
  return {
    services: [bindService(ConformanceService, conformanceHandlers)],
    health: { ready: async () => ({ ready: true, durable: true }) },
    // The service echoes what it was sent; here that is all there is to see.
    jsonStreams: true,
    limits: request.messageReceiveLimit > 0 ? { maxMessageBytes: request.messageReceiveLimit } : {},
    ...(request.useTls && request.serverCreds !== undefined ? { tls: request.serverCreds } : {}),
  };
}

async function readMessage(): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
      break;
    }
  }
  return bytes.subarray(4);
}

await run();
