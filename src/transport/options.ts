import type { DescField, DescMessage, DescMethod, DescService, JsonObject, Message } from "@bufbuild/protobuf";
import type { GenExtension } from "@bufbuild/protobuf/codegenv2";
import type { FieldOptions } from "@bufbuild/protobuf/wkt";
import type { Code, ConnectError, ContextValues, Interceptor, ServiceImpl } from "@connectrpc/connect";
import type { Readiness } from "../base/index.ts";
import type { Limits } from "./limits.ts";

/** A service and its implementation. Made by `bindService`, which checks the types. */
export interface ServiceBinding {
  readonly service: DescService;
  readonly implementation: Readonly<Record<string, unknown>>;
  /** Calls of a public service skip `admit` and `check`. */
  readonly public: boolean;
  /** The largest message, in place of what follows from the schema. */
  readonly maxMessageBytes?: number;
}

/** Binds handlers to the service that they implement. A method without a handler returns UNIMPLEMENTED. */
export function bindService<Desc extends DescService>(
  service: Desc,
  implementation: Partial<ServiceImpl<Desc>>,
  options: { readonly public?: boolean; readonly maxMessageBytes?: number } = {},
): ServiceBinding {
  const { maxMessageBytes } = options;
  return {
    service,
    implementation: implementation as ServiceBinding["implementation"],
    public: options.public === true,
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
  };
}

/** The headers of a call: `get` joins repeated headers, `all` does not. Names are case-insensitive. */
export interface CallHeader {
  get(name: string): string | null;
  all(name: string): readonly string[];
}

/** The origin of a call: everything known before its body is read. */
export interface CallOrigin {
  readonly header: CallHeader;
  readonly httpMethod: string;
  /** The scheme and authority that the caller addressed, such as `https://vault.example:7777`. */
  readonly origin: string;
  /** The address of the peer's socket; empty once it is closed. */
  readonly peerAddress: string;
  /** Its connection: an object that is there as long as that is. */
  readonly peer: { readonly connection: object };
  /** The client certificate, verified; undefined without one. Costs some work, so only for those who need it. */
  readonly certificate: ClientCertificate | undefined;
}

export interface ClientCertificate {
  /** The distinguished name, one attribute a line, as `CN=…`. */
  readonly subject: string;
  /** SHA-256 of the certificate: hex pairs with colons. */
  readonly fingerprint256: string;
}

/**
 * Admits or refuses a call by its origin, before its body is read. Throws to refuse. Passes results to later stages in
 * `values`. A synchronous decision should not return a promise.
 */
export type Admit = (method: DescMethod, from: CallOrigin, values: ContextValues) => void | Promise<void>;

export type Check = (method: DescMethod, message: Message) => void;

/** Converts the reason of a failed call to the error that the caller sees. MUST NOT quote the request. */
export type Translate = (reason: unknown, method: DescMethod | undefined) => ConnectError;

/** The entries of the list at the end of a response, page by page. */
export interface RestOfList {
  /** Resolves to an empty page at the end. */
  next(): Promise<readonly Message[]>;
  close(): Promise<void>;
}

export type Framing = "grpc" | "grpc-web" | "connect" | "json";

/** The outcome of one call, for logs and metrics. Includes calls refused before a handler ran. */
export interface CallRecord {
  readonly method: DescMethod;
  readonly framing: Framing;
  /** Undefined: the call succeeded. */
  readonly code: Code | undefined;
  readonly durationMs: number;
  readonly values: ContextValues;
  /** The exception before `translate`. */
  readonly reason: unknown;
}

/** A connection error outside of any call. */
export interface ConnectionFault {
  readonly where: "listener" | "socket" | "session" | "stream" | "request" | "tls";
  /** The party at fault: a peer that disconnects or violates the protocol is not a server error. */
  readonly by: "peer" | "server";
  /** A code such as `ECONNRESET`, `HPE_INVALID_METHOD` or `HTTP2_PROTOCOL_ERROR`, else the name of the error. */
  readonly code: string;
  readonly error: unknown;
}

export interface HealthSource {
  ready(): Promise<Readiness>;
}

/** A bool option for fields, as generated from its `extend google.protobuf.FieldOptions`. */
export type FieldFlag = GenExtension<FieldOptions, boolean>;

/** Why a request to a JSON surface is refused. */
export type JsonProblem =
  | { readonly kind: "no_route" }
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "too_large" }
  | { readonly kind: "headers_too_large" }
  /** Invalid or ambiguous HTTP; `sentence` says why. */
  | { readonly kind: "malformed"; readonly sentence: string }
  | { readonly kind: "unsupported_encoding"; readonly accepted: string }
  | { readonly kind: "call"; readonly error: ConnectError };

/** The answer of a JSON surface. `headers` replace those that every answer has, such as its content type. */
export interface JsonReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: the answer has no body. */
  readonly body?: unknown;
}

/** A field of a JSON body with the wrong type or size, and the message for the caller. */
export interface JsonMistake {
  readonly kind: "type" | "size";
  readonly field: DescField;
  readonly sentence: string;
}

/**
 * JSON over HTTP below one path prefix. Its only routes are the `google.api.http` annotations of the services whose
 * paths begin with the prefix.
 */
export interface JsonSurface {
  /** For example `/api/zsc`, without a trailing slash. */
  readonly prefix: string;
  /** Timeout of a call from its first byte on, in milliseconds. Default: none. */
  readonly timeoutMs?: number;
  /** Absent fields with this option are written as null. */
  readonly emitNull?: FieldFlag;
  /** Fields with this option are not written. */
  readonly leaveOut?: FieldFlag;
  /** Whether a body that may hold fields may also be empty, which counts as `{}`. */
  readonly takesEmptyBodies?: boolean;
  /** Rewrites the JSON object of a body, or of the query of a route without a body, before it is decoded. */
  prepare?(method: DescMethod, json: JsonObject, header: Headers): JsonObject;
  /** Refuses a call before anything else is done for it: what it returns is the reason. */
  refusal?(method: DescMethod, from: CallOrigin): unknown;
  /**
   * Makes the error for a field of the wrong type. `message` holds the fields before it, including path variables, so
   * that errors can be reported in the order of the fields. Without this function, the error is `mistake.sentence`.
   */
  mistake?(method: DescMethod, message: Message, mistake: JsonMistake): ConnectError;
  /** `json` is the message; the answer of a streamed list MUST end with it. */
  success(method: DescMethod, json: JsonObject, message: Message): JsonReply;
  failure(problem: JsonProblem): JsonReply;
}

/** A resource outside of any schema, such as a web page or a key set. Served to everybody; only for `path` itself. */
export interface Page {
  readonly httpMethod: "GET" | "POST";
  readonly path: string;
  /** Limit of the body of a POST; a larger one is refused with 413. */
  readonly maxBodyBytes?: number;
  /** Whether it is answered at once, and so takes none of the places of calls without a token. */
  readonly isImmediate?: boolean;
  /** When it throws or rejects, the caller gets 500 and no reason. */
  answer(request: PageRequest): PageReply | Promise<PageReply>;
}

interface PageRequest {
  readonly from: CallOrigin;
  /** Without the question mark. */
  readonly query: string;
  /** Empty for a GET. */
  readonly body: Uint8Array;
}

export interface PageReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The size limits of requests, from the schema of the services. Called once, at start. */
export interface MessageSizes {
  /** The largest size of a valid message of this type, capped at `Limits.maxMessageBytes`. */
  maxBytes(schema: DescMessage): number;
  /** The limit on the items of a list, and the message for exceeding it; undefined: no limit of its own. */
  listSize(field: DescField): { readonly most: number; readonly sentence: string } | undefined;
}

export interface ServerOptions {
  readonly services: readonly ServiceBinding[];
  readonly health: HealthSource;
  /** As in Connect, the first is the outermost. They MUST pass on the given request, or a spread copy of it. */
  readonly interceptors?: readonly Interceptor[];
  readonly admit?: Admit;
  /** Called once for each served method, including the port's own. Throws to prevent the server from being created. */
  readonly approve?: (method: DescMethod, isPublic: boolean) => void;
  /** Checks the message of an admitted call before interceptors and handler. Throws to refuse it. */
  readonly check?: Check;
  readonly translate?: Translate;
  readonly sizes?: MessageSizes;
  /** The principal that the incomplete body of an admitted call is charged to. */
  readonly shareOf?: (values: ContextValues) => string | undefined;
  readonly jsonSurfaces?: readonly JsonSurface[];
  readonly pages?: readonly Page[];
  /** PEM. Without it, the port serves plaintext. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array };
  readonly limits?: Partial<Limits>;
  readonly onCall?: (record: CallRecord) => void;
  readonly onFault?: (fault: ConnectionFault) => void;
  /**
   * Whether streams may use the JSON codecs of gRPC and Connect. Off by default: the errors are Connect's own and quote
   * the input. Unary calls support JSON in either case.
   */
  readonly jsonStreams?: boolean;
}
