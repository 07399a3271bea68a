import { endInPieces } from "../http/end-in-pieces.ts";
import type { BodyResult, Exchange, Reply, StreamedReply } from "../http/exchange.ts";
import { hasNoBody } from "../http/exchange-http1.ts";
import { CallHeaders } from "../http/headers.ts";
import { certificateOf, type Peer } from "../http/peer.ts";
import { type BodySink, usualTimes, writeBody } from "../http/streamed-body.ts";
import type { ClientCertificate } from "../options.ts";
import { answerHead } from "./answer-head.ts";
import type { DirectAnswer } from "./direct-answer.ts";
import type { PlainRequest } from "./plain-request.ts";

export interface DirectCircumstances {
  readonly peer: Peer;
  /** The header fields of an answer after which the connection stays open. */
  readonly keepAlive: string;
  /** Whether to close the connection after this answer. */
  isDraining(): boolean;
  /** The connection ends with this answer. */
  endConnection(): void;
  /** The peer has received a part of the answer. */
  moved(): void;
}

/** A plain HTTP/1.1 request, which has arrived as a whole. */
export class DirectExchange implements Exchange {
  readonly httpVersion = 1;
  readonly isOversized = false;
  readonly #request: PlainRequest;
  readonly #answer: DirectAnswer;
  readonly #circumstances: DirectCircumstances;
  #header: CallHeaders | undefined;

  constructor(request: PlainRequest, answer: DirectAnswer, circumstances: DirectCircumstances) {
    this.#request = request;
    this.#answer = answer;
    this.#circumstances = circumstances;
  }

  get httpMethod(): string {
    return this.#request.method;
  }

  get target(): string {
    return this.#request.target;
  }

  get header(): CallHeaders {
    this.#header ??= CallHeaders.sharing(this.#request.fields.pairs);
    return this.#header;
  }

  get origin(): string {
    const scheme = "encrypted" in this.#answer.socket ? "https" : "http";
    return `${scheme}://${this.#request.fields.host}`;
  }

  get peerAddress(): string {
    return this.#answer.socket.remoteAddress ?? "";
  }

  get certificate(): ClientCertificate | undefined {
    return certificateOf(this.#answer.socket);
  }

  get contentType(): string | undefined {
    return this.#request.fields.contentType;
  }

  get peer(): Peer {
    return this.#circumstances.peer;
  }

  readBody(maxBytes: number, _share: string | undefined, done: (result: BodyResult) => void): void {
    const { body } = this.#request;
    process.nextTick(done, body.byteLength > maxBytes ? "too_large" : body);
  }

  async *body(): AsyncIterable<Uint8Array> {
    if (this.#request.body.byteLength > 0) {
      yield this.#request.body;
    }
  }

  onClose(closed: (isWhole: boolean) => void): void {
    this.#answer.onEnd(closed);
  }

  send({ status, header, body = "" }: Reply): void {
    const answer = this.#answer;
    if (answer.isOver || answer.hasBegun) {
      return;
    }
    if (hasNoBody(this.httpMethod, status)) {
      answer.begin(answerHead(status, header, this.#connection(header), ""));
      answer.end();
      return;
    }
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    header["content-length"] = String(length);
    answer.begin(answerHead(status, header, this.#connection(header), ""));
    // A string as long as its UTF-8 is ASCII.
    const part = typeof body === "string" && length !== body.length ? Buffer.from(body) : body;
    endInPieces(answer, part, this.#circumstances.moved);
  }

  sendStream({ status, header, body, isEndless }: StreamedReply): Promise<void> {
    const answer = this.#answer;
    if (!answer.isOver && !answer.hasBegun) {
      answer.begin(answerHead(status, header, this.#connection(header), "Transfer-Encoding: chunked\r\n"));
    }
    const sink = chunkedInto(answer, this.#circumstances.moved);
    return writeBody(sink, body, isEndless === true ? undefined : usualTimes);
  }

  cut(): void {
    this.#answer.socket.destroy();
  }

  /** The fields that say whether the connection stays open, unless the reply itself says so. */
  #connection({ connection }: Reply["header"]): string {
    if (connection !== undefined || this.#circumstances.isDraining()) {
      this.#circumstances.endConnection();
      return connection === undefined ? "Connection: close\r\n" : "";
    }
    return this.#circumstances.keepAlive;
  }
}

/** RFC 9112 §7.1 */
function chunkedInto(answer: DirectAnswer, moved: () => void): BodySink {
  const { socket } = answer;
  return {
    write(part) {
      const bytes = typeof part === "string" ? Buffer.from(part) : part;
      // A chunk of no bytes would be the last one.
      if (bytes.byteLength === 0) {
        return undefined;
      }
      socket.cork();
      answer.write(`${bytes.byteLength.toString(16)}\r\n`);
      answer.write(bytes);
      const mayGoOn = answer.write("\r\n");
      process.nextTick(() => socket.uncork());
      if (mayGoOn) {
        return undefined;
      }
      return new Promise((resolve) =>
        socket.once("drain", () => {
          moved();
          resolve();
        }),
      );
    },
    end() {
      return new Promise((resolve) => {
        answer.onEnd((isWhole) => {
          if (isWhole) {
            resolve();
          }
        });
        answer.end("0\r\n\r\n");
      });
    },
    destroy: () => socket.destroy(),
    onGone(gone) {
      if (answer.isOver) {
        gone();
      }
      answer.onEnd((isWhole) => {
        if (!isWhole) {
          gone();
        }
      });
    },
  };
}
