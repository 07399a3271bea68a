import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Load } from "./load.ts";
import type { Recorder } from "./recorder.ts";
import { createOrder, untilQuiet, type Wire } from "./wire.ts";

/** Opens a connection that is ready to send. It carries one call at a time. Rejects when nobody listens. */
export async function openHttp1(load: Load, port: number, seed: number, recorder: Recorder): Promise<Wire> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  return new Http1Wire(socket, requestsOf(load, port), load.leastAnswerBytes, seed, recorder);
}

function requestsOf({ method, headers, requests }: Load, port: number): readonly Buffer[] {
  const fields = Object.entries({ host: `127.0.0.1:${port}`, "user-agent": "zsc-bench", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  return requests.map(({ path, body }) => {
    const bytes = Buffer.from(body, "base64");
    const length = method === "GET" ? "" : `content-length: ${bytes.length}\r\n`;
    return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields}${length}\r\n`, "latin1"), bytes]);
  });
}

class Http1Wire implements Wire {
  readonly #socket: Socket;
  readonly #requests: readonly Buffer[];
  readonly #leastBytes: number;
  readonly #recorder: Recorder;
  readonly #next: () => number;
  #rest: Buffer | undefined;
  #sentAt = 0;
  #underWay = false;
  #stopping = false;

  constructor(socket: Socket, requests: readonly Buffer[], leastBytes: number, seed: number, recorder: Recorder) {
    this.#socket = socket;
    this.#requests = requests;
    this.#leastBytes = leastBytes;
    this.#recorder = recorder;
    this.#next = createOrder(requests.length, seed);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => this.#lose("the connection was closed"));
  }

  start(calls: number): void {
    if (calls !== 1) {
      throw new Error("HTTP/1.1 carries one call at a time");
    }
    this.#send();
  }

  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    const quiet = await untilQuiet(() => !this.#underWay, withinMs);
    if (!quiet) {
      this.#lose("no answer in time");
    }
    this.#socket.destroy();
  }

  #send(): void {
    this.#underWay = true;
    this.#sentAt = performance.now();
    this.#socket.write(this.#requests[this.#next()] ?? "");
  }

  #take(chunk: Buffer): void {
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const answer = answerIn(data);
    this.#rest = answer === undefined ? data : undefined;
    if (answer === undefined) {
      return;
    }
    this.#underWay = false;
    if ((answer.status === 200 || answer.status === 201) && answer.bodyBytes >= this.#leastBytes) {
      this.#recorder.answered(performance.now() - this.#sentAt);
    } else {
      this.#recorder.failed(`status ${answer.status} with ${answer.bodyBytes} bytes`);
    }
    if (!this.#stopping) {
      this.#send();
    }
  }

  #lose(why: string): void {
    if (this.#underWay) {
      this.#recorder.failed(why);
    }
    this.#underWay = false;
  }
}

/** The answer, once it is complete. There is never more than one on the wire. */
function answerIn(data: Buffer): { readonly status: number; readonly bodyBytes: number } | undefined {
  const headEnd = data.indexOf("\r\n\r\n");
  if (headEnd < 0) {
    return undefined;
  }
  const head = data.toString("latin1", 0, headEnd);
  const status = Number(head.slice(9, 12));
  const bodyBytes = data.length - headEnd - 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const isComplete =
    length === undefined ? data.toString("latin1", data.length - 5) === "0\r\n\r\n" : bodyBytes >= Number(length);
  return isComplete ? { status, bodyBytes } : undefined;
}
