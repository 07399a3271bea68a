import type { Socket } from "node:net";
import { errorCodes } from "../http2/protocol.ts";
import { connectionHeaders, type RequestHead } from "../http2/request-head.ts";
import type { BodyReader, Http2Stream } from "../http2/stream.ts";
import type { ClientCertificate } from "../options.ts";
import type { BodyBudget } from "./body-budget.ts";
import { type Collecting, Collector } from "./collect.ts";
import { httpDate } from "./date.ts";
import { discardStream } from "./discard.ts";
import type { BodyResult, Exchange, Reply, StreamedReply } from "./exchange.ts";
import { hasNoBody } from "./exchange-http1.ts";
import { CallHeaders, type HeaderRecord } from "./headers.ts";
import { certificateOf, type Peer } from "./peer.ts";
import { type BodySink, usualTimes, writeBody } from "./streamed-body.ts";

interface Http2Circumstances {
  readonly budget: BodyBudget;
  readonly peer: Peer;
  readonly socket: Socket;
  readonly requestTimeoutMs: number;
}

/** A request over HTTP/2. */
export class Http2Exchange implements Exchange {
  readonly httpVersion = 2;
  readonly #stream: Http2Stream;
  readonly #circumstances: Http2Circumstances;
  #header: CallHeaders | undefined;

  constructor(stream: Http2Stream, circumstances: Http2Circumstances) {
    this.#stream = stream;
    this.#circumstances = circumstances;
  }

  get #head(): RequestHead {
    return this.#stream.head;
  }

  get httpMethod(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.path;
  }

  get header(): CallHeaders {
    this.#header ??= CallHeaders.sharing(this.#head.pairs);
    return this.#header;
  }

  get isOversized(): boolean {
    return this.#head.isOversized;
  }

  get origin(): string {
    return `${this.#head.scheme}://${this.#head.authority || "localhost"}`;
  }

  get peerAddress(): string {
    return this.#circumstances.socket.remoteAddress ?? "";
  }

  get certificate(): ClientCertificate | undefined {
    return certificateOf(this.#circumstances.socket);
  }

  get contentType(): string | undefined {
    return this.#head.contentType;
  }

  get peer(): Peer {
    return this.#circumstances.peer;
  }

  readBody(maxBytes: number, share: string | undefined, done: (result: BodyResult) => void): void {
    const stream = this.#stream;
    if ((this.#head.contentLength ?? 0) > maxBytes) {
      process.nextTick(done, "too_large");
      return;
    }
    const { budget, requestTimeoutMs, peer } = this.#circumstances;
    this.#continue();
    const owner = { address: peer.address, share };
    const body = new StreamCollector({ maxBytes, owner, budget }, done, stream);
    if (stream.hasRemoteEnded || stream.isClosed) {
      process.nextTick(() => (stream.isClosed ? body.cut() : stream.read(body)));
      return;
    }
    stream.read(body);
    stream.whenLate(() => {
      const timer = setTimeout(() => stream.reset(errorCodes.CANCEL), requestTimeoutMs);
      body.whenDone = () => clearTimeout(timer);
      body.late();
    });
  }

  body(): AsyncIterable<Uint8Array> {
    this.#continue();
    return partsOf(this.#stream);
  }

  onClose(closed: (isWhole: boolean) => void): void {
    const stream = this.#stream;
    stream.onClose((code) => closed(code === errorCodes.NO_ERROR || stream.hasLocalEnded));
  }

  send({ status, header, body = "", trailer }: Reply): void {
    const stream = this.#stream;
    if (stream.isClosed || stream.hasAnswered) {
      return;
    }
    const hasBody = body.length > 0 && !hasNoBody(this.httpMethod, status);
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const fields = answerFields(status, header);
    if (hasBody && trailer === undefined) {
      fields.push("content-length", String(bytes.byteLength));
    }
    const trailerFields = trailer && fieldsOf(trailer, []);
    stream.answer(fields, hasBody ? bytes : undefined, trailerFields);
    discardStream(stream);
  }

  sendStream({ status, header, body, trailer, isEndless }: StreamedReply): Promise<void> {
    const stream = this.#stream;
    if (!stream.isClosed) {
      stream.respond(answerFields(status, header));
    }
    const times = isEndless === true ? undefined : usualTimes;
    return writeBody(sinkInto(stream, trailer), body, times).finally(() => discardStream(stream));
  }

  cut(why: "cancel" | "internal"): void {
    this.#stream.reset(why === "cancel" ? errorCodes.CANCEL : errorCodes.INTERNAL_ERROR);
  }

  #continue(): void {
    if (this.#head.expectsContinue && !this.#stream.hasRemoteEnded) {
      this.#stream.inform([":status", "100"]);
    }
  }
}

/** Collects the body of a stream. What is collected counts against the budget of bodies, and not against the windows. */
class StreamCollector extends Collector implements BodyReader {
  readonly #stream: Http2Stream;

  constructor(to: Collecting, done: (result: BodyResult) => void, stream: Http2Stream) {
    super(to, done);
    this.#stream = stream;
  }

  data(chunk: Buffer): void {
    this.add(chunk);
    this.#stream.credit(chunk.byteLength);
  }
}

function sinkInto(stream: Http2Stream, trailer: StreamedReply["trailer"]): BodySink {
  return {
    write(part) {
      return new Promise((resolve) => stream.write(typeof part === "string" ? Buffer.from(part) : part, resolve));
    },
    end() {
      const fields = trailer?.();
      stream.end(fields && fieldsOf(fields, []));
      return new Promise((resolve) => {
        if (stream.hasLocalEnded) {
          resolve();
        } else {
          stream.onLocalEnd = resolve;
        }
      });
    },
    destroy: () => stream.reset(errorCodes.INTERNAL_ERROR),
    onGone(gone) {
      stream.onClose(() => {
        if (!stream.hasLocalEnded) {
          gone();
        }
      });
    },
  };
}

/** The body of a request; its windows open as it is read. */
async function* partsOf(stream: Http2Stream): AsyncIterable<Uint8Array> {
  let waiting: Buffer[] = [];
  let isOver = false;
  let wake = Promise.withResolvers<void>();
  stream.read({
    data(chunk) {
      waiting.push(chunk);
      wake.resolve();
    },
    end() {
      isOver = true;
      wake.resolve();
    },
    cut: () => wake.resolve(),
  });
  for (;;) {
    const parts = waiting;
    waiting = [];
    for (const part of parts) {
      stream.credit(part.byteLength);
      yield part;
    }
    if (waiting.length > 0) {
      continue;
    }
    if (isOver) {
      return;
    }
    if (stream.isClosed) {
      throw Object.assign(new Error("the request was cut off"), { code: "HTTP2_CANCEL" });
    }
    await wake.promise;
    wake = Promise.withResolvers();
  }
}

function answerFields(status: number, header: HeaderRecord): string[] {
  const fields = fieldsOf(header, [":status", statusText(status)]);
  fields.push("date", httpDate());
  return fields;
}

/** @throws Error for what no field may hold (RFC 9113 §8.2) */
function fieldsOf(record: HeaderRecord, fields: string[]): string[] {
  for (const name in record) {
    const value = record[name] as string | string[];
    if (typeof value === "string") {
      fields.push(checked(name, value), value);
    } else {
      for (const one of value) {
        fields.push(checked(name, one), one);
      }
    }
  }
  return fields;
}

function checked(name: string, value: string): string {
  if (
    !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) ||
    connectionHeaders.has(name) ||
    !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)
  ) {
    throw new Error("a header that HTTP/2 cannot carry");
  }
  return name;
}

const statusTexts: string[] = [];
function statusText(status: number): string {
  statusTexts[status] ??= String(status);
  return statusTexts[status];
}
