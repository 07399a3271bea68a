import { type JsonObject, type JsonValue, type Message, type Registry, ScalarType } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { UnaryCall } from "../framings/call.ts";
import { acceptedEncodings, decompress, isCompressed, UnknownEncoding } from "../framings/compression.ts";
import type { UnaryMethod } from "../framings/methods.ts";
import { MessageTooLarge, serveUnary, type UnaryFraming, type UnaryRuntime } from "../framings/unary.ts";
import type { Exchange } from "../http/exchange.ts";
import { addMetadata, type HeaderRecord } from "../http/headers.ts";
import type { JsonProblem, JsonReply, JsonSurface, MessageSizes, RestOfList } from "../options.ts";
import { createJsonDecoder, type JsonDecoder, parseJsonObject } from "./decoder.ts";
import { createJsonEncoder, type JsonEncoder } from "./encoder.ts";
import { JsonFieldError } from "./field-error.ts";
import { compileRoutes, type Route } from "./routes.ts";

/** Handles every request below a prefix, including those without a route. */
export interface SurfaceHandler {
  readonly prefix: string;
  serve(exchange: Exchange, path: string, query: string): void;
  /** Refuses a request that is not a valid call. */
  refuse(exchange: Exchange, problem: JsonProblem): void;
}

/** Compiles a JSON surface over the methods of the server. */
export function compileSurface(
  surface: JsonSurface,
  methods: readonly UnaryMethod[],
  registry: Registry,
  runtime: UnaryRuntime,
  sizes: MessageSizes | undefined,
): SurfaceHandler {
  const routes = compileRoutes(surface.prefix, methods);
  const codecs = new Map<UnaryMethod, Codecs>();
  for (const method of methods) {
    const { emitNull, leaveOut } = surface;
    const decode = createJsonDecoder(method.method.input, { registry, sizes });
    const encode = createJsonEncoder(method.method.output, { registry, emitNull, leaveOut });
    const list = method.method.output.fields.find(({ fieldKind, message }) => fieldKind === "list" && message);
    const encodeEntry = list?.message && createJsonEncoder(list.message, { registry, emitNull, leaveOut });
    codecs.set(method, { decode, encode, encodeEntry });
  }
  const refuse = (exchange: Exchange, problem: JsonProblem) =>
    sendJson(exchange, baseHeader(), surface.failure(problem));
  return {
    prefix: surface.prefix,
    refuse,
    serve: (exchange, path, query) => {
      const match = routes.match(exchange.httpMethod, path);
      if (match.kind !== "route") {
        refuse(exchange, match);
        return;
      }
      const { method } = match.route;
      const refusal = surface.refusal?.(method.method, exchange);
      if (refusal !== undefined) {
        refuse(exchange, problemOf(runtime.translate(refusal, method.method), refusal));
        return;
      }
      const call = new UnaryCall(method.method, exchange, "json");
      const matched = { route: match.route, segments: match.segments, query };
      const framing = new JsonFraming(surface, codecs.get(method) as Codecs, call, matched);
      serveUnary(runtime, method, call, framing, surface.timeoutMs);
    },
  };
}

interface Codecs {
  readonly decode: JsonDecoder;
  readonly encode: JsonEncoder;
  /** The encoder of an entry in the list at the end of the response. */
  readonly encodeEntry: JsonEncoder | undefined;
}

interface Matched {
  readonly route: Route;
  readonly segments: readonly string[];
  readonly query: string;
}

class JsonFraming implements UnaryFraming {
  readonly maxBodyBytes: number;
  readonly ownBody?: () => Uint8Array;
  readonly #surface: JsonSurface;
  readonly #codecs: Codecs;
  readonly #call: UnaryCall;
  readonly #matched: Matched;

  constructor(surface: JsonSurface, codecs: Codecs, call: UnaryCall, matched: Matched) {
    this.#surface = surface;
    this.#codecs = codecs;
    this.#call = call;
    this.#matched = matched;
    this.maxBodyBytes = matched.route.method.maxBytes;
    if (!matched.route.hasBody) {
      this.ownBody = () => noBytes;
    }
  }

  decode(body: Uint8Array): Message | Promise<Message> {
    // The encoding of an empty body is not checked.
    if (body.byteLength === 0 || !isCompressed(this.#call.requestHeader.get("content-encoding"), "accept-encoding")) {
      return this.#decode(body);
    }
    return decompress(body, this.maxBodyBytes).then((bytes) => this.#decode(bytes));
  }

  #decode(body: Uint8Array): Message {
    const { route, segments, query } = this.#matched;
    const isEmpty = body.byteLength === 0 && this.#surface.takesEmptyBodies === true;
    const json = !route.hasBody
      ? queryToJson(route, query)
      : isEmpty
        ? {}
        : parseJsonObject(body, route.method.maxItems);
    for (const { start, end, field } of route.variables) {
      json[field.jsonName] = fromText(textOf(segments, start, end, field.jsonName), field.scalar);
    }
    const method = this.#call.method;
    try {
      return this.#codecs.decode(this.#surface.prepare?.(method, json, this.#call.requestHeader) ?? json);
    } catch (error) {
      throw error instanceof JsonFieldError ? this.#wordMistake(error) : error;
    }
  }

  #wordMistake(error: JsonFieldError): ConnectError {
    const { field, kind, partial, message: sentence } = error;
    return (
      this.#surface.mistake?.(this.#call.method, partial as Message, { field, kind, sentence }) ??
      new ConnectError(sentence, Code.InvalidArgument)
    );
  }

  reply(message: Message): void | Promise<void> {
    const reply = this.#surface.success(this.#call.method, this.#codecs.encode(message), message);
    const { exchange, rest } = this.#call;
    if (rest === undefined) {
      return sendJson(exchange, this.#header(), reply);
    }
    const entries = entriesOf(rest, this.#codecs.encodeEntry);
    const { status, headers, body } = reply;
    const header = Object.assign(this.#header(), headers);
    return exchange
      .sendStream({ status, header, body: withEntries(JSON.stringify(body), entries) })
      .finally(() => rest.close());
  }

  refuse(error: ConnectError, reason: unknown): void {
    const header = this.#header();
    addMetadata(header, error.metadata);
    sendJson(this.#call.exchange, header, this.#surface.failure(problemOf(error, reason)));
  }

  #header(): HeaderRecord {
    const header = baseHeader();
    this.#call.setHeader?.writeTo(header);
    this.#call.setTrailer?.writeTo(header);
    return header;
  }
}

function problemOf(error: ConnectError, reason: unknown): JsonProblem {
  if (reason instanceof MessageTooLarge) {
    return { kind: "too_large" };
  }
  if (reason instanceof UnknownEncoding) {
    return { kind: "unsupported_encoding", accepted: acceptedEncodings };
  }
  return { kind: "call", error };
}

/** Size of a chunk: small entries are written together, and many large ones are not joined into one long string. */
const chunkChars = 65_536;

/** The text of a response, with these entries in the empty list at its end. */
async function* withEntries(answer: string, entries: AsyncIterable<JsonObject>): AsyncGenerator<string> {
  const end = "]}";
  if (!answer.endsWith(`[${end}`)) {
    throw new Error("an answer that does not end with an empty list");
  }
  let text = answer.slice(0, -end.length);
  let separator = "";
  for await (const entry of entries) {
    text += separator + JSON.stringify(entry);
    separator = ",";
    if (text.length >= chunkChars) {
      yield text;
      text = "";
    }
  }
  yield text + end;
}

async function* entriesOf(rest: RestOfList, encode: JsonEncoder | undefined): AsyncGenerator<JsonObject> {
  if (encode === undefined) {
    throw new Error("an answer without a list");
  }
  for (let page = await rest.next(); page.length > 0; page = await rest.next()) {
    for (const message of page) {
      yield encode(message);
    }
  }
}

function sendJson(exchange: Exchange, header: HeaderRecord, { status, headers, body }: JsonReply): void {
  if (body === undefined) {
    delete header["content-type"];
    exchange.send({ status, header: Object.assign(header, headers) });
  } else {
    exchange.send({ status, header: Object.assign(header, headers), body: JSON.stringify(body) });
  }
}

function baseHeader(): HeaderRecord {
  return {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
}

/** The text of a variable: segments as `Array.slice` takes them. */
function textOf(segments: readonly string[], start: number, end: number | undefined, name: string): string {
  const own = segments.slice(start, end);
  return own.length === 1
    ? decodeSegment(own[0] as string, name)
    : own.map((segment) => decodeSegment(segment, name)).join("/");
}

/** Percent-decodes one segment, once. */
function decodeSegment(segment: string, name: string): string {
  try {
    return segment.includes("%") ? decodeURIComponent(segment) : segment;
  } catch {
    throw new ConnectError(`${name} is not valid percent-encoding`, Code.InvalidArgument);
  }
}

/** The fields of a query. The last value of a repeated key wins, unless the field is a repeated one. */
function queryToJson(route: Route, query: string): JsonObject {
  const json: JsonObject = {};
  if (query === "") {
    return json;
  }
  const parameters = new URLSearchParams(query);
  for (const field of route.method.method.input.fields) {
    const values = parameters.getAll(field.jsonName).map((text) => fromText(text, field.scalar));
    if (values.length > 0) {
      json[field.jsonName] = field.fieldKind === "list" ? values : (values.at(-1) as JsonValue);
    }
  }
  return json;
}

function fromText(text: string, type: ScalarType | undefined): JsonValue {
  const isBoolean = type === ScalarType.BOOL && (text === "true" || text === "false");
  return isBoolean ? text === "true" : text;
}

const noBytes = new Uint8Array(0);
