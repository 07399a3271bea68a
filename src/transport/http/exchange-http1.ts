import type { IncomingMessage, ServerResponse } from "node:http";
import { writeBody } from "../json/streamed-body.ts";
import type { ClientCertificate } from "../options.ts";
import type { BodyBudget, BodyOwner } from "./body-budget.ts";
import type { Connection } from "./connections.ts";
import { discardRest } from "./discard.ts";
import { endInPieces } from "./end-in-pieces.ts";
import type { BodyResult, Exchange, Reply } from "./exchange.ts";
import { CallHeaders } from "./headers.ts";
import { certificateOf, type Peer, peerOf } from "./peer.ts";

interface Http1Circumstances {
  readonly budget: BodyBudget;
  readonly connection: Connection | undefined;
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

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
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
    const { awaitsContinue, budget } = this.#circumstances;
    if (awaitsContinue) {
      this.#response.writeContinue();
    }
    const owner = { address: this.peer.address, share };
    collect(this.#request, { maxBytes, owner, budget, isWhole: () => this.#request.complete }, done);
  }

  onGone(gone: () => void): void {
    const response = this.#response;
    response.on("close", () => {
      if (!response.writableFinished) {
        gone();
      }
    });
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
      response.writeHead(reply.status, reply.header);
      endInPieces(response, body, this.#circumstances.connection);
    }
    discardRest(this.#request);
  }

  sendStream(reply: Omit<Reply, "body" | "trailer">, body: AsyncIterable<string>): Promise<void> {
    const response = this.#response;
    this.#endIfDraining();
    if (!response.destroyed) {
      response.writeHead(reply.status, reply.header);
      response.on("drain", () => this.#circumstances.connection?.move(response));
      discardRest(this.#request);
    }
    return writeBody(response, body);
  }

  cut(): void {
    this.#response.destroy();
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

interface BodySource {
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  once(event: "end" | "close", listener: () => void): unknown;
}

interface Collecting {
  readonly maxBytes: number;
  readonly owner: BodyOwner;
  readonly budget: BodyBudget;
  /** Whether the body is complete: Node also emits `end` for a stream that was reset in the middle. */
  isWhole(): boolean;
}

/** Buffers a body, without a copy when it arrives in one chunk, and checks the limits meanwhile. */
export function collect(
  source: BodySource,
  { maxBytes, owner, budget, isWhole }: Collecting,
  done: (result: BodyResult) => void,
): void {
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let bytes = 0;
  let chargedBytes = 0;
  let isDone = false;
  const finish = (result: BodyResult) => {
    if (!isDone) {
      isDone = true;
      first = more = undefined;
      if (chargedBytes > 0) {
        budget.give(owner, chargedBytes);
      }
      done(result);
    }
  };
  const charge = () => {
    if (isDone) {
      return;
    }
    if (budget.take(owner, chargedBytes, bytes - chargedBytes)) {
      chargedBytes = bytes;
    } else {
      finish("crowded_out");
    }
  };
  source.on("data", (chunk) => {
    if (isDone) {
      return;
    }
    if (bytes + chunk.byteLength > maxBytes) {
      finish("too_large");
      return;
    }
    bytes += chunk.byteLength;
    if (first === undefined) {
      first = chunk;
      // Most bodies are complete by the end of this turn of the event loop, and then need no budget.
      budget.atEndOfTurn(charge);
    } else {
      more ??= [first];
      more.push(chunk);
      charge();
    }
  });
  source.once("end", () => {
    finish(!isWhole() ? "cut_off" : more !== undefined ? Buffer.concat(more) : (first ?? empty));
  });
  source.once("close", () => finish("cut_off"));
}

const empty = Buffer.alloc(0);
