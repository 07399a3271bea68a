import http2 from "node:http2";
import net from "node:net";

/** One connection that sends pieces, with pauses between them, and gathers what comes back until the peer closes. */
export function speak(port: number, pieces: readonly (string | Buffer)[], options: { pauseMs?: number } = {}) {
  return new Promise<string>((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    let answer = "";
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      answer += text;
    });
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" ? resolve(answer) : reject(error),
    );
    socket.on("close", () => resolve(answer));
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((next) => setTimeout(next, options.pauseMs ?? 0));
      }
    })();
  });
}

export interface Http2Answer {
  readonly header: http2.IncomingHttpHeaders;
  readonly trailer: http2.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request on an HTTP/2 connection of its own. */
export async function askHttp2(
  port: number,
  header: http2.OutgoingHttpHeaders | readonly string[],
  body: Buffer | string = "",
): Promise<Http2Answer> {
  // So that a header can be sent twice. The types do not know the option yet.
  const options: http2.ClientSessionOptions & { strictSingleValueFields: boolean } = { strictSingleValueFields: false };
  const session = http2.connect(`http://127.0.0.1:${port}`, options);
  try {
    return await askSession(session, header, body);
  } finally {
    session.destroy();
  }
}

export function askSession(
  session: http2.ClientHttp2Session,
  header: http2.OutgoingHttpHeaders | readonly string[],
  body: Buffer | string = "",
): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(header as http2.OutgoingHttpHeaders, { endStream: body.length === 0 });
    let responseHeader: http2.IncomingHttpHeaders = {};
    let trailer: http2.IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (received) => {
      responseHeader = received;
    });
    stream.on("trailers", (received) => {
      trailer = received;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve({ header: responseHeader, trailer, body: Buffer.concat(chunks) }));
    stream.on("error", reject);
    if (body.length > 0) {
      stream.end(body);
    }
  });
}

/** The five bytes before a message of gRPC, and the message. */
export function envelope(message: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

/** Sends JSON to a JSON surface by HTTP/1.1 and gives status, headers and the parsed answer. */
export async function askJson(port: number, method: string, path: string, body?: string | Uint8Array) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined ? {} : { body: body as string }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text === "" ? undefined : JSON.parse(text) };
}
