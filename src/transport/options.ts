import type { DescField, DescMessage, DescMethod, DescService, JsonObject, Message } from "@bufbuild/protobuf";
import type { GenExtension } from "@bufbuild/protobuf/codegenv2";
import type { FieldOptions } from "@bufbuild/protobuf/wkt";
import type { Code, ConnectError, ContextValues, Interceptor, ServiceImpl } from "@connectrpc/connect";
import type { Limits } from "./limits.ts";

/** A service and who implements it. Made by `bindService`, which checks that the two belong together. */
export interface ServiceBinding {
  readonly service: DescService;
  readonly implementation: Readonly<Record<string, unknown>>;
  /** Calls of a public service are shown to neither `admit` nor `check`. */
  readonly public: boolean;
}

/** Ties handlers to the service that they implement. A method without a handler answers UNIMPLEMENTED. */
export function bindService<Desc extends DescService>(
  service: Desc,
  implementation: Partial<ServiceImpl<Desc>>,
  options: { readonly public?: boolean } = {},
): ServiceBinding {
  return {
    service,
    implementation: implementation as ServiceBinding["implementation"],
    public: options.public === true,
  };
}

/** The headers of a call, as they came: `get` joins what was sent twice, `all` does not. Names in any case. */
export interface CallHeader {
  get(name: string): string | null;
  all(name: string): readonly string[];
}

/** Where a call comes from: all that is known of it before its body is read. */
export interface CallOrigin {
  readonly header: CallHeader;
  readonly httpMethod: string;
  /** Where the caller believes to be: scheme and authority, `https://vault.example:7777`. */
  readonly origin: string;
  /** The address of the peer's socket; empty when it is gone. */
  readonly peerAddress: string;
}

/**
 * Decides whether a call may go on, from where it comes from, before its body is read. Refuses by throwing; what later
 * parts need to know it puts into `values`. A decision that needs no waiting should be returned without a promise.
 */
export type Admit = (method: DescMethod, from: CallOrigin, values: ContextValues) => void | Promise<void>;

export type Check = (method: DescMethod, message: Message) => void;

/** Turns whatever made a call fail into what its caller sees. MUST NOT put anything of the request into it. */
export type Translate = (reason: unknown) => ConnectError;

/** Whether a call was given up: its caller went away, its time is over, or it was refused. As of an `AbortSignal`. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: AbortListener): void;
  removeEventListener(type: "abort", listener: AbortListener): void;
}

export interface AbortListener {
  handleEvent(): void;
}

/** Entries of the list that ends an answer, one page after the other. */
export interface RestOfList {
  /** No entries: it was the end. */
  next(): Promise<readonly Message[]>;
  close(): Promise<void>;
}

export type Framing = "grpc" | "grpc-web" | "connect" | "json";

/** What became of one call, for logs and metrics. Calls refused before a handler saw them are included. */
export interface CallRecord {
  readonly method: DescMethod;
  readonly framing: Framing;
  /** Undefined: it was answered with a message. */
  readonly code: Code | undefined;
  readonly durationMs: number;
  readonly values: ContextValues;
  /** What was thrown, before `translate`. */
  readonly reason: unknown;
}

/** Something that went wrong on a connection outside of any call. */
export interface ConnectionFault {
  readonly where: "listener" | "socket" | "session" | "stream" | "request" | "tls";
  /** Whose fault it is: a peer that goes away or breaks the protocol is no error of the server. */
  readonly by: "peer" | "server";
  /** `ECONNRESET`, `HPE_INVALID_METHOD`, `ERR_HTTP2_STREAM_ERROR` and their kin, else the name of the error. */
  readonly code: string;
  readonly error: unknown;
}

export interface Readiness {
  readonly ready: boolean;
  /** Whether what is acknowledged survives a crash of the machine, as far as the database's settings tell. */
  readonly durable: boolean;
  readonly detail?: string;
  /** What is wrong with the server's clock. */
  readonly clock?: string;
}

export interface HealthSource {
  ready(): Promise<Readiness>;
}

/** A bool option for fields, as generated from its `extend google.protobuf.FieldOptions`. */
export type FieldFlag = GenExtension<FieldOptions, boolean>;

/** Why a request to a JSON surface has no answer. */
export type JsonProblem =
  | { readonly kind: "no_route" }
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "too_large" }
  | { readonly kind: "headers_too_large" }
  /** No HTTP that can be understood in one way only; the sentence says why. */
  | { readonly kind: "malformed"; readonly sentence: string }
  | { readonly kind: "unsupported_encoding"; readonly accepted: string }
  | { readonly kind: "call"; readonly error: ConnectError };

export interface JsonReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A field of a JSON body that has the wrong type or size: which, and what to tell the caller. */
export interface JsonMistake {
  readonly kind: "type" | "size";
  readonly field: DescField;
  readonly sentence: string;
}

/**
 * JSON over HTTP below one path prefix. The routes are the `google.api.http` annotations of the services whose paths
 * begin with the prefix; nothing else is a route.
 */
export interface JsonSurface {
  /** For example `/api/zsc`, without a slash at its end. */
  readonly prefix: string;
  /** How long a call may take from its first byte on, milliseconds; as long as it likes unless given. */
  readonly timeoutMs?: number;
  /** Absent values of fields that carry this option are written as null. */
  readonly emitNull?: FieldFlag;
  /** Rewrites the JSON object of a body, or of the query of a route without a body, before it is decoded. */
  prepare?(method: DescMethod, json: JsonObject): JsonObject;
  /**
   * Words the error for a field of the wrong type. `message` holds the fields before it, path variables included, so
   * that errors can be told in the order of the fields. Without it the error is `mistake.sentence`.
   */
  mistake?(method: DescMethod, message: Message, mistake: JsonMistake): ConnectError;
  success(method: DescMethod, json: JsonObject): unknown;
  failure(problem: JsonProblem): JsonReply;
}

/** What the schema of the services says of the size of requests. It is asked once, at start. */
export interface MessageSizes {
  /** The most bytes that a message of this type needs. More than `Limits.maxMessageBytes` counts as that. */
  maxBytes(schema: DescMessage): number;
  /** How many items a list may have, and what a caller hears who sends more; undefined: no bound of its own. */
  listSize(field: DescField): { readonly most: number; readonly sentence: string } | undefined;
}

export interface ServerOptions {
  readonly services: readonly ServiceBinding[];
  readonly health: HealthSource;
  /** As in Connect: the first is the outermost. They MUST pass on the request that they were given, or a spread of it. */
  readonly interceptors?: readonly Interceptor[];
  readonly admit?: Admit;
  /** Told once of each method that is served, the port's own included; refuses to make the server by throwing. */
  readonly approve?: (method: DescMethod, isPublic: boolean) => void;
  /** Looks at the message of an admitted unary call before interceptors and handler do; refuses it by throwing. */
  readonly check?: Check;
  readonly translate?: Translate;
  readonly sizes?: MessageSizes;
  /** On whose account the body of an admitted call is held while it is incomplete: the principal's. */
  readonly shareOf?: (values: ContextValues) => string | undefined;
  readonly jsonSurfaces?: readonly JsonSurface[];
  /** PEM. Without it the port speaks plain text. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array };
  readonly limits?: Partial<Limits>;
  readonly onCall?: (record: CallRecord) => void;
  readonly onFault?: (fault: ConnectionFault) => void;
  /**
   * Streams may use the JSON codecs of gRPC and Connect. Off by default: their errors come from Connect itself and
   * quote what was sent. Unary calls speak JSON either way.
   */
  readonly jsonStreams?: boolean;
}
