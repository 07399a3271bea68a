import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { createZscClient } from "../../src/client/index.ts";
import { answerRead } from "./gateway.ts";

test("a client that is closed leaves no connection, and opens another one for a later call", async () => {
  const server = http2.createServer().on("stream", (stream) => answerRead(stream));
  const sessions: http2.ServerHttp2Session[] = [];
  // The client says CANCEL when it closes, which Node makes an error of.
  server.on("session", (session) => sessions.push(session.on("error", () => undefined)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = createZscClient({
    ...{ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t", env: {} },
  });
  client.close();
  for (const expected of [1, 2]) {
    expect(await client.read("name")).toBe("the value");
    expect(sessions).toHaveLength(expected);
    const closed = new Promise((resolve) => sessions[expected - 1]?.once("close", resolve));
    client.close();
    await closed;
  }
  await new Promise((resolve) => server.close(resolve));
});
