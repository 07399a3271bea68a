import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ReadResponseSchema } from "#gen/zsc/v1/zeq_context_pb.js";
import { createZscClient } from "../../src/client/index.ts";

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

/** A gRPC server that resets its first streams with these codes and answers every other one. */
async function startServer(resets: readonly number[]) {
  let streams = 0;
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    const reset = resets[streams++];
    if (reset !== undefined) {
      return stream.close(reset);
    }
    const message = toBinary(ReadResponseSchema, create(ReadResponseSchema, { value: "the value" }));
    const envelope = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(envelope);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    client: createZscClient({ baseUrl: `http://127.0.0.1:${port}`, token: "t", env: {} }),
    streams: () => streams,
    async stop() {
      for (const session of sessions) {
        session.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}

describe("a call whose stream is", () => {
  test("refused is made again", async () => {
    const server = await startServer([NGHTTP2_REFUSED_STREAM]);
    expect(await server.client.read("name")).toBe("the value");
    expect(server.streams()).toBe(2);
    await server.stop();
  });

  test("refused twice fails", async () => {
    const server = await startServer([NGHTTP2_REFUSED_STREAM, NGHTTP2_REFUSED_STREAM]);
    await expect(server.client.read("name")).rejects.toThrow("REFUSED_STREAM");
    expect(server.streams()).toBe(2);
    await server.stop();
  });

  test("reset in any other way is not made again: it may have been carried out", async () => {
    const server = await startServer([NGHTTP2_INTERNAL_ERROR]);
    await expect(server.client.read("name")).rejects.toMatchObject({ code: Code.Internal });
    expect(server.streams()).toBe(1);
    await server.stop();
  });
});
