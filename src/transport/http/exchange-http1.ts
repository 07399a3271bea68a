import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limits } from "../limits.ts";
import type { ClientCertificate } from "../options.ts";
import type { BodyBudget } from "./body-budget.ts";
import { Collector } from "./collect.ts";
import { discardRequest, isPastDiscarding } from "./discard.ts";
import { endInPieces } from "./end-in-pieces.ts";
import type { BodyResult, Exchange, Reply, StreamedReply } from "./exchange.ts";
import { CallHeaders, isOversized } from "./headers.ts";
import { certificateOf, type Peer, peerOf } from "./peer.ts";
import { RequestParts } from "./request-parts.ts";
import { sinkOf, usualTimes, writeBody } from "./streamed-body.ts";

interface Http1Circumstances {
  readonly limits: Limits;
  readonly budget: BodyBudget;
  /** The peer has received a part of the response. */
  moved(): void;
  /** Whether to close the connection after this response. */
  isDraining(): boolean;
  /** Whether the peer waits for 100 Continue before it sends the body (RFC 9110 §10.1.1). */
  readonly awaitsContinue: boolean;
}

/** An HTTP/1.1 request. */
export class Http1Exchange implements Exchange {
  readonly httpVersion = 1;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #circumstances: Http1Circumstances;
  #header: CallHeaders | undefined;
  #parts: RequestParts | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, circumstances: Http1Circumstances) {
    this.#request = request;
    this.#response = response;
    this.#circumstances = circumstances;
  }

  get httpMethod(): string {
    return this.#request.method ?? "";
  }

  get target(): string {
    return this.#request.url ?? "/";
  }

  get isOversized(): boolean {
    return isOversized(this.#request.rawHeaders, this.#circumstances.limits);
  }

  get header(): CallHeaders {
    this.#header ??= new CallHeaders(this.#request.rawHeaders);
    return this.#header;
  }

  get origin(): string {
    const scheme = "encrypted" in this.#request.socket ? "https" : "http";
    return `${scheme}://${this.#request.headers.host ?? "localhost"}`;
  }

  get peerAddress(): string {
    return this.#request.socket.remoteAddress ?? "";
  }

  get certificate(): ClientCertificate | undefined {
    return certificateOf(this.#request.socket);
  }

  get contentType(): string | undefined {
    return this.#request.headers["content-type"];
  }

  get peer(): Peer {
    return peerOf(this.#request.socket);
  }

  readBody(maxBytes: number, share: string | undefined, done: (result: BodyResult) => void): void {
    const announced = Number(this.#request.headers["content-length"] ?? 0);
    if (announced > maxBytes) {
      process.nextTick(done, "too_large");
      return;
    }
    this.#continue();
    const { budget } = this.#circumstances;
    const request = this.#request;
    const body = new Collector({ maxBytes, owner: { address: this.peer.address, share }, budget }, done);
    request.on("data", (chunk: Buffer) => body.add(chunk));
    // Node also emits `end` for a request that was cut off.
    request.once("end", () => (request.complete ? body.end() : body.cut()));
    request.once("close", () => body.cut());
    budget.atEndOfTurn(() => body.late());
  }

  body(): AsyncIterable<Uint8Array> {
    this.#continue();
    this.#parts = new RequestParts(this.#request);
    return this.#parts;
  }

  onClose(closed: (isWhole: boolean) => void): void {
    const response = this.#response;
    response.once("close", () => closed(response.writableFinished));
  }

  send(reply: Reply): void {
    const response = this.#response;
    if (response.destroyed) {
      return;
    }
    this.#endIfDraining();
    if (hasNoBody(this.httpMethod, reply.status)) {
      response.writeHead(reply.status, reply.header);
      response.end();
    } else {
      const body = reply.body ?? "";
      reply.header["content-length"] = String(typeof body === "string" ? Buffer.byteLength(body) : body.byteLength);
      if (isPastDiscarding(this.#request) && !this.#circumstances.awaitsContinue) {
        this.#sendAndHalfClose(reply, body);
      } else {
        response.writeHead(reply.status, reply.header);
        endInPieces(response, body, this.#circumstances.moved);
      }
    }
    this.#discard();
  }

  sendStream({ status, header, body, isEndless }: StreamedReply): Promise<void> {
    const response = this.#response;
    this.#endIfDraining();
    if (!response.destroyed) {
      response.writeHead(status, header);
      response.on("drain", this.#circumstances.moved);
      // A body that is still read is discarded from the end of the response on.
      response.once("finish", () => this.#discard());
    }
    return writeBody(sinkOf(response), body, isEndless === true ? undefined : usualTimes);
  }

  cut(): void {
    this.#response.destroy();
  }

  /**
   * The connection is closed for writing, and read further: closing it while the client still sends would reset it, and
   * the client could lose the response (RFC 9112 §9.6).
   */
  #sendAndHalfClose({ status, header }: Reply, body: string | Uint8Array): void {
    const response = this.#response;
    response.shouldKeepAlive = false;
    response.writeHead(status, header);
    response.write(body, () => this.#request.socket.end());
    this.#request.once("end", () => response.end());
  }

  #discard(): void {
    this.#parts?.stop();
    discardRequest(this.#request);
  }

  #continue(): void {
    if (this.#circumstances.awaitsContinue) {
      this.#response.writeContinue();
    }
  }

  #endIfDraining(): void {
    if (this.#circumstances.isDraining()) {
      this.#response.shouldKeepAlive = false;
    }
  }
}

/** Responses without a body have no Content-Length (RFC 9110 §8.6); for HEAD it is optional. */
export function hasNoBody(httpMethod: string, status: number): boolean {
  return status < 200 || status === 204 || status === 304 || httpMethod === "HEAD";
}
