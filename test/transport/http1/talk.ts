import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import net, { type Socket } from "node:net";
import { until } from "../../support/until.ts";
import { envelope } from "../wire.ts";

/** An answer of HTTP/1.1, without its date; the names of its header in lower case, in their order. */
export interface Answer {
  readonly status: string;
  readonly header: readonly string[];
  readonly body: string;
}

/** A connection that sends what it is told to, and gathers the answers. */
export class Talk {
  readonly socket: Socket;
  isClosed = false;
  #received = "";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
    });
    socket.on("data", (chunk: Buffer) => {
      this.#received += chunk.toString("latin1");
    });
  }

  get received(): string {
    return this.#received;
  }

  get answers(): readonly Answer[] {
    return answersIn(this.#received);
  }

  /** Sends it, and waits for the answers to all requests so far. */
  async ask(bytes: string | Buffer, answers = this.answers.length + 1): Promise<Answer> {
    this.socket.write(bytes);
    await until(() => this.isClosed || this.answers.length >= answers);
    const answer = this.answers[answers - 1];
    if (answer === undefined) {
      throw new Error(`closed behind ${JSON.stringify(this.#received)}`);
    }
    return answer;
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed);
  }
}

export async function talk(port: number): Promise<Talk> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return new Talk(socket);
}

/** The whole answers at the beginning of what was received; what follows them is the last one, as it is. */
function answersIn(text: string): readonly Answer[] {
  const answers: Answer[] = [];
  for (let rest = text; rest !== ""; ) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) {
      return answers;
    }
    const [status = "", ...lines] = rest.slice(0, headEnd).split("\r\n");
    const header = lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
    const length = /^content-length: (\d+)$/m.exec(header.join("\n"))?.[1];
    const isChunked = header.includes("transfer-encoding: chunked");
    const end = isChunked ? chunksEnd(rest, headEnd + 4) : headEnd + 4 + Number(length ?? 0);
    if (end < 0 || end > rest.length) {
      return answers;
    }
    answers.push({
      status,
      header: header.filter((line) => !line.startsWith("date: ")),
      body: rest.slice(headEnd + 4, end),
    });
    rest = rest.slice(end);
  }
  return answers;
}

function chunksEnd(text: string, from: number): number {
  const last = text.indexOf("\r\n0\r\n\r\n", from - 2);
  return last < 0 ? -1 : last + 7;
}

/** Counts the requests that node:http has read, whoever's they are. */
export function countNodeRequests() {
  let count = 0;
  const listener = (message: unknown) => {
    // The message of the channel has the request and its server.
    if ((message as { readonly request: IncomingMessage }).request !== undefined) {
      count += 1;
    }
  };
  subscribe("http.server.request.start", listener);
  return {
    get count() {
      return count;
    },
    /** How many it has read since now. */
    since() {
      const before = count;
      return () => count - before;
    },
    stop: () => unsubscribe("http.server.request.start", listener),
  };
}

/** A request of HTTP/1.1 as most clients send it. */
export function request(line: string, header: readonly string[] = [], body?: string, encoding?: "latin1"): string {
  const length = body === undefined ? [] : [`content-length: ${Buffer.byteLength(body, encoding)}`];
  const lines = [`${line} HTTP/1.1`, "host: x", ...header, ...length];
  return `${lines.join("\r\n")}\r\n\r\n${body ?? ""}`;
}

export const json = ["content-type: application/json"];
export const get = request("GET /healthz");
export const wait = (forMs: number) => request("POST /test.echo.v1.EchoService/Wait", json, JSON.stringify({ forMs }));
export const look = (text: string) => request("POST /api/echo/look", json, JSON.stringify({ text }));

/** A streamed answer of so many messages. To be sent as latin1. */
export function count(to: number): string {
  const bytes: number[] = [8];
  for (let rest = to; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | 128);
  }
  bytes.push(Math.floor(to / 128 ** (bytes.length - 1)));
  const body = envelope(Buffer.from(bytes)).toString("latin1");
  return request("POST /test.echo.v1.EchoService/Count", ["content-type: application/grpc-web+proto"], body, "latin1");
}

/** What the header of an answer says as long as the connection stays open. */
export const keptHeader = ["connection: keep-alive", "keep-alive: timeout=75"];
