// A worker: sends what it is told on a connection of its own, so that the thread of the server does nothing else.
import http2 from "node:http2";
import net from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import type { Asked, Http2Request } from "./ask.ts";

const { port } = workerData as { readonly port: number };

parentPort?.on("message", async (asked: Asked) => {
  const answer = asked.kind === "bytes" ? await speak(asked.bytes) : await ask(asked);
  parentPort?.postMessage(answer);
});

function speak(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
  });
}

function ask({ header, body }: Http2Request): Promise<string> {
  return new Promise((resolve) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", () => resolve("the session failed"));
    const stream = session.request(header);
    let text = "";
    const add = (received: http2.IncomingHttpHeaders) => {
      text += `${received[":status"] ?? ""} ${received["grpc-status"] ?? ""} ${received["grpc-message"] ?? ""} `;
    };
    stream.on("error", () => {});
    stream.on("response", add).on("trailers", add);
    stream.on("data", (chunk: Buffer) => {
      text += chunk.subarray(0, 200).toString("latin1");
    });
    stream.on("close", () => {
      session.destroy();
      resolve(text);
    });
    stream.end(body);
  });
}
