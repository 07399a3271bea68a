import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { writeBody } from "../json/streamed-body.ts";
import type { ClientCertificate } from "../options.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { Connection } from "./connections.ts";
import { discardRest } from "./discard.ts";
import { endInPieces } from "./end-in-pieces.ts";
import type { BodyResult, Exchange, Reply } from "./exchange.ts";
import { collect, hasNoBody } from "./exchange-http1.ts";
import { CallHeaders } from "./headers.ts";
import { certificateOf, type Peer, peerOf } from "./peer.ts";

interface Http2Circumstances {
  readonly budget: BodyBudget;
  readonly connection: Connection | undefined;
  readonly requestTimeoutMs: number;
}

/** An HTTP/2 request, made from the server's `stream` event, without Node's compatibility API. */
export class Http2Exchange implements Exchange {
  readonly httpVersion = 2;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly #circumstances: Http2Circumstances;
  #header: CallHeaders | undefined;
  #hasAnswered = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    circumstances: Http2Circumstances,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.rawHeaders = rawHeaders;
    this.#circumstances = circumstances;
  }

  get httpMethod(): string {
    return String(this.#headers[":method"] ?? "");
  }

  get target(): string {
    return String(this.#headers[":path"] ?? "/");
  }

  get header(): CallHeaders {
    this.#header ??= new CallHeaders(this.rawHeaders);
    return this.#header;
  }

  get origin(): string {
    const authority = this.#headers[":authority"] ?? this.#headers.host ?? "localhost";
    return `${String(this.#headers[":scheme"] ?? "http")}://${String(authority)}`;
  }

  get peerAddress(): string {
    return this.#socket?.remoteAddress ?? "";
  }

  get certificate(): ClientCertificate | undefined {
    return certificateOf(this.#socket);
  }

  /** A closed session has no socket. */
  get #socket() {
    const { session } = this.#stream;
    return session === undefined || session.destroyed ? undefined : session.socket;
  }

  get contentType(): string | undefined {
    return this.#headers["content-type"];
  }

  get peer(): Peer {
    return peerOf(this.#stream.session);
  }

  readBody(maxBytes: number, share: string | undefined, done: (result: BodyResult) => void): void {
    const announced = Number(this.#headers["content-length"] ?? 0);
    if (announced > maxBytes) {
      process.nextTick(done, "too_large");
      return;
    }
    const stream = this.#stream;
    const { budget, requestTimeoutMs } = this.#circumstances;
    if (/^100-continue$/i.test(this.#headers.expect ?? "") && !stream.destroyed && !stream.closed) {
      stream.additionalHeaders({ ":status": 100 });
    }
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeoutMs);
    const isWhole = () => !stream.aborted && !stream.rstCode;
    const owner = { address: this.peer.address, share };
    collect(stream, { maxBytes, owner, budget, isWhole }, (result) => {
      clearTimeout(timer);
      done(result);
    });
  }

  onGone(gone: () => void): void {
    this.#stream.on("close", () => {
      if (!this.#hasAnswered) {
        gone();
      }
    });
  }

  send(reply: Reply): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) {
      return;
    }
    this.#hasAnswered = true;
    const header = reply.header as OutgoingHttpHeaders;
    header[":status"] = reply.status;
    const { trailer, body } = reply;
    const isEmpty = body === undefined || body.length === 0;
    const { connection } = this.#circumstances;
    if (trailer !== undefined) {
      stream.respond(header, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers(trailer));
      endInPieces(stream, body ?? "", connection);
    } else if (isEmpty || hasNoBody(this.httpMethod, reply.status)) {
      stream.respond(header, { endStream: true });
    } else {
      header["content-length"] = Buffer.byteLength(body);
      stream.respond(header);
      endInPieces(stream, body, connection);
    }
    discardRest(stream);
  }

  sendStream(reply: Omit<Reply, "body" | "trailer">, body: AsyncIterable<string>): Promise<void> {
    const stream = this.#stream;
    this.#hasAnswered = true;
    if (!stream.destroyed && !stream.closed) {
      stream.respond({ ...reply.header, ":status": reply.status });
      stream.on("drain", () => this.#circumstances.connection?.move(stream));
      discardRest(stream);
    }
    return writeBody(stream, body);
  }

  cut(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}
