import http2 from "node:http2";
import { createZscClient } from "../../src/client/index.ts";
import { answerRead, openGateway } from "./gateway.ts";

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

/** A client of a server that resets its first streams with these codes and answers every other one. */
async function openClient(resets: readonly number[]) {
  let streams = 0;
  const gateway = await openGateway((stream) => {
    const reset = resets[streams++];
    return reset === undefined ? answerRead(stream) : stream.close(reset);
  });
  const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: {} });
  return { client, streams: () => streams, stop: gateway.stop };
}

test("a proxy's limit is not run into again", async () => {
  let streams = 0;
  const gateway = await openGateway((stream) => {
    streams += 1;
    stream.respond({ ":status": 429 }, { endStream: true });
  });
  const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: { name: "own" } });
  await expect(client.read("name")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(streams).toBe(1);
  await gateway.stop();
});

test("a proxy that fails is asked again, and is no vault that has no such secret", async () => {
  const statuses = [503, 404];
  const gateway = await openGateway((stream) =>
    stream.respond({ ":status": statuses.shift() ?? 500 }, { endStream: true }),
  );
  const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: { name: "own" } });
  await expect(client.read("name")).rejects.toMatchObject({ code: "INTERNAL" });
  expect(statuses).toEqual([]);
  await gateway.stop();
});

test("a NOT_FOUND without our reason is no vault's", async () => {
  const headers = { ":status": 200, "content-type": "application/grpc+proto", "grpc-status": "5" };
  const gateway = await openGateway((stream) => stream.respond(headers, { endStream: true }));
  const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: { name: "own" } });
  await expect(client.read("name")).rejects.toMatchObject({ code: "INTERNAL" });
  await gateway.stop();
});

describe("a call whose stream is", () => {
  test("refused is made again", async () => {
    const server = await openClient([NGHTTP2_REFUSED_STREAM]);
    expect(await server.client.read("name")).toBe("the value");
    expect(server.streams()).toBe(2);
    await server.stop();
  });

  test("refused three times fails", async () => {
    const server = await openClient(Array.from({ length: 9 }, () => NGHTTP2_REFUSED_STREAM));
    await expect(server.client.read("name")).rejects.toThrow("REFUSED_STREAM");
    expect(server.streams()).toBe(3);
    await server.stop();
  });

  test("reset in any other way is not made again: it may have been carried out", async () => {
    const server = await openClient([NGHTTP2_INTERNAL_ERROR]);
    await expect(server.client.read("name")).rejects.toMatchObject({ code: "INTERNAL" });
    expect(server.streams()).toBe(1);
    await server.stop();
  });
});
