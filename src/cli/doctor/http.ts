import { once } from "node:events";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { request as requestHttps } from "node:https";
import type { Readable } from "node:stream";
import { within } from "./within.ts";

/** An answer to a GET. */
export interface Answer {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: string;
}

export interface Http {
  /** Follows nothing, and sends no credentials. */
  get(path: string): Promise<Answer>;
  close(): void;
}

interface HttpOptions {
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
}

const maxAnswerBytes = 65_536;

/** Over plain `http:`, with prior knowledge. */
export function openHttp2(url: string, { ca, timeoutMs }: HttpOptions): Http {
  const session = connect(url, ca === undefined ? {} : { ca });
  // A failed session fails its requests as well.
  session.on("error", () => undefined);
  return {
    get: (path) => within(timeoutMs, getOverHttp2(session, path)),
    close: () => session.destroy(),
  };
}

async function getOverHttp2(session: ClientHttp2Session, path: string): Promise<Answer> {
  const stream = session.request({ ":path": path, accept: "application/json" });
  const [headers] = await once(stream, "response");
  return { status: Number(headers[":status"]), date: headers["date"], body: await textOf(stream) };
}

export function openHttp1(url: string, { ca, timeoutMs }: HttpOptions): Http {
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  const givenUp = new AbortController();
  const get = async (path: string): Promise<Answer> => {
    const sent = request(new URL(path, url), {
      ...{ agent: false, signal: givenUp.signal, headers: { accept: "application/json" } },
      ...(ca === undefined ? {} : { ca }),
    }).end();
    const [answer]: IncomingMessage[] = await once(sent, "response");
    if (answer === undefined) {
      throw new Error("a response without a message");
    }
    return { status: answer.statusCode ?? 0, date: answer.headers.date, body: await textOf(answer) };
  };
  return { get: (path) => within(timeoutMs, get(path)), close: () => givenUp.abort() };
}

/** What is longer is none of ours, and is cut. */
async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) {
      break;
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}
