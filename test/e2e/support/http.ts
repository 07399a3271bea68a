import { Agent, type IncomingHttpHeaders, request as request1 } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { request as requestTls, Agent as TlsAgent } from "node:https";

export interface Sent {
  /** An object goes as JSON, text and bytes as they stand. */
  readonly body?: unknown;
  readonly token?: string;
  /** A list sends a header several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** The `zsc-receipt` header. */
  readonly receipt: string | undefined;
}

/** One request, its path sent exactly as it is written here. */
export type Send = (method: string, path: string, sent?: Sent) => Promise<Answer>;

export interface HttpClient {
  readonly send: Send;
  close(): void;
}

/** Plain HTTP/1.1, or HTTPS when a certificate to trust is given. */
export function http1Client(host: string, port: number, ca?: string): HttpClient {
  const agent = ca === undefined ? new Agent({ keepAlive: true }) : new TlsAgent({ keepAlive: true, ca });
  const client: HttpClient = {
    close: () => agent.destroy(),
    send: (method, path, sent = {}) =>
      new Promise((resolve, reject) => {
        const request = ca === undefined ? request1 : requestTls;
        const body = bytesOf(sent.body);
        const headers = { ...headersOf(sent), ...(body === undefined ? {} : { "content-length": body.byteLength }) };
        const outgoing = request({ agent, host, port, method, path, headers }, (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            resolve(answerOf(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(chunks).toString("utf8")));
          });
        });
        outgoing.on("error", (error: NodeJS.ErrnoException) => {
          // The server has closed an idle connection while this process was busy.
          if (outgoing.reusedSocket && error.code === "ECONNRESET" && method === "GET") {
            client.send(method, path, sent).then(resolve, reject);
          } else {
            reject(error);
          }
        });
        outgoing.end(body);
      }),
  };
  return client;
}

/** HTTP/2, in plain text with prior knowledge, or over TLS when a certificate to trust is given. */
export function http2Client(host: string, port: number, ca?: string): HttpClient {
  let session: ClientHttp2Session | undefined;
  const open = () => {
    if (session === undefined || session.destroyed || session.closed) {
      session = connect(`${ca === undefined ? "http" : "https"}://${host}:${port}`, ca === undefined ? {} : { ca });
      session.on("error", () => undefined);
    }
    return session;
  };
  return {
    close: () => session?.destroy(),
    send: (method, path, sent = {}) =>
      new Promise((resolve, reject) => {
        const body = bytesOf(sent.body);
        const headers = { ":method": method, ":path": path, ...headersOf(sent) };
        const stream = open().request(headers, { endStream: body === undefined });
        let status = 0;
        let received: IncomingHttpHeaders = {};
        const chunks: Buffer[] = [];
        stream.on("response", (response) => {
          status = Number(response[":status"]);
          received = response as IncomingHttpHeaders;
        });
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("error", reject);
        stream.on("end", () => resolve(answerOf(status, received, Buffer.concat(chunks).toString("utf8"))));
        if (body !== undefined) {
          stream.end(body);
        }
      }),
  };
}

function headersOf({ token, headers = {} }: Sent): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  for (const [name, value] of Object.entries(headers)) {
    all[name] = typeof value === "string" ? value : [...value];
  }
  return all;
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) {
    return undefined;
  }
  if (body instanceof Uint8Array) {
    return Buffer.from(body);
  }
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
}

function answerOf(status: number, headers: IncomingHttpHeaders, text: string): Answer {
  const receipt = headers["zsc-receipt"];
  return { status, headers, text, json: parsed(text), receipt: typeof receipt === "string" ? receipt : undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
