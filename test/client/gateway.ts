import { once } from "node:events";
import http2 from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { ReadResponseSchema } from "#gen/zsc/v1/zeq_context_pb.js";

/** A gRPC server that hands each stream to `answer`, behind a relay that can forget its connections. */
export interface Gateway {
  readonly baseUrl: string;
  /** From now on nothing passes on the connections that there are, and nobody is told. */
  forget(): void;
  connections(): number;
  stop(): Promise<void>;
}

export async function openGateway(answer: (stream: http2.ServerHttp2Stream) => void): Promise<Gateway> {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    answer(stream);
  });
  const port = await listen(server);
  const ends = new Set<Socket>();
  const forgotten = new Set<Socket>();
  let connections = 0;
  const pass = (from: Socket, to: Socket) => {
    ends.add(from);
    from.on("error", () => to.destroy()).on("close", () => to.destroy());
    from.on("data", (data) => forgotten.has(from) || to.write(data));
  };
  const relay = createServer((near) => {
    connections++;
    const far = connect(port, "127.0.0.1");
    pass(near, far);
    pass(far, near);
  });
  const relayPort = await listen(relay);
  return {
    baseUrl: `http://127.0.0.1:${relayPort}`,
    forget() {
      for (const end of ends) {
        forgotten.add(end);
      }
    },
    connections: () => connections,
    async stop() {
      for (const one of [...sessions, ...ends]) {
        one.destroy();
      }
      await Promise.all([server, relay].map((one) => new Promise((resolve) => one.close(resolve))));
    },
  };
}

async function listen(server: Server | http2.Http2Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Answers a read. */
export function answerRead(stream: http2.ServerHttp2Stream, value = "the value"): void {
  const message = toBinary(ReadResponseSchema, create(ReadResponseSchema, { value }));
  const envelope = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(envelope);
}
