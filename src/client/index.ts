import { type Client, Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";

export { ZeqContext, ZscAdmin };

export interface ZscClientOptions {
  /** For example `https://vault.internal:7777`. */
  readonly baseUrl: string;
  /** The caller's token, or a function that gives it for each call, for tokens that are renewed. */
  readonly token: string | (() => string | Promise<string>);
  /** How long a call may take, milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number;
  /** `ca`: authorities in PEM, in place of the system's. */
  readonly tls?: { readonly ca?: string };
  /** Where `read` falls through to; this process's environment unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ReadOptions {
  /** Kept in the audit row; `read` unless given. */
  readonly purpose?: string;
  readonly signal?: AbortSignal;
}

export interface ZscClient {
  /** The typed services, for everything beyond `read`. */
  readonly context: Client<typeof ZeqContext>;
  readonly admin: Client<typeof ZscAdmin>;

  /**
   * Reads a secret. When the vault has none of that name, the value of this process's own `env[name]`; a refusal or an
   * unreachable vault is an error, and never falls through.
   *
   * @throws ConnectError `NotFound` when neither has it; otherwise as `ZeqContext.Read`
   */
  read(name: string, options?: ReadOptions): Promise<string>;
}

/**
 * A client over gRPC for applications that read secrets. A connection whose peer has gone without a word is found out while a
 * call waits, within its `timeoutMs`; that call fails with `Unavailable`, and the next one opens a new connection.
 *
 * @example
 *     const vault = createZscClient({ baseUrl: "https://vault.internal:7777", token: () => currentToken() });
 *     const password = await vault.read("db-password", { purpose: "connect" });
 */
export function createZscClient(options: ZscClientOptions): ZscClient {
  const { baseUrl, token, timeoutMs = 10_000, env = process.env, tls = {} } = options;
  const authenticate: Interceptor = (next) => async (request) => {
    request.header.set("authorization", `Bearer ${checkToken(typeof token === "function" ? await token() : token)}`);
    return await next(request);
  };
  const transport = createGrpcTransport({
    baseUrl,
    interceptors: [authenticate, againIfRefused],
    defaultTimeoutMs: timeoutMs,
    readMaxBytes: 8_388_608,
    sessionManager: new GuardedSessions(baseUrl, keepAlive(timeoutMs), tls),
  });
  const context = createClient(ZeqContext, transport);
  return {
    context,
    admin: createClient(ZscAdmin, transport),
    async read(name, { purpose, signal } = {}) {
      try {
        const request = { name, ...(purpose === undefined ? {} : { purpose }) };
        return (await context.read(request, signal === undefined ? {} : { signal })).value;
      } catch (error) {
        // Its own: `toString` is no variable, though every environment has one.
        const own = Object.hasOwn(env, name) ? env[name] : undefined;
        if (isNotFound(error) && own !== undefined) {
          return own;
        }
        throw error;
      }
    },
  };
}

/**
 * A stream that is refused was never looked at, so its call may be made again: once, as gRPC clients do (gRFC A6). A
 * server that stops refuses the streams that arrive after its GOAWAY; Connect would report that as an internal error.
 */
const againIfRefused: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    if (request.stream || !isRefusedStream(error)) {
      throw error;
    }
    return await next(request);
  }
};

/** Node gives the code of a reset in the text of its error and nowhere else, and Connect passes on no more than that. */
function isRefusedStream(error: unknown): boolean {
  return error instanceof ConnectError && error.rawMessage.includes("REFUSED_STREAM");
}

/** As RFC 6750 §2.1 has it. What is none would be quoted by the error of a header that does not take it. */
const bearerToken = /^[\w.~+/-]+=*$/;

function checkToken(token: unknown): string {
  if (typeof token === "string" && bearerToken.test(token)) {
    return token;
  }
  const what = typeof token === "string" ? "holds a character that no token has, such as a line break" : "is no text";
  throw new ConnectError(`the token ${what}`, Code.Unauthenticated);
}

/** Pings of a silent connection, so early that a call which waits on it fails within its own time. */
function keepAlive(timeoutMs: number) {
  const within = (least: number, most: number, wanted: number) => Math.min(most, Math.max(least, wanted));
  return {
    pingIntervalMs: within(500, 4_000, timeoutMs * 0.4),
    pingTimeoutMs: within(250, 2_000, timeoutMs * 0.2),
  };
}

/**
 * Connect's manager removes its `error` listener from a session before the session has emitted its last error: without
 * this one, a ping that is not answered would be an uncaught error of the application.
 */
class GuardedSessions extends Http2SessionManager {
  readonly #guarded = new WeakSet<object>();

  override async request(...parameters: Parameters<Http2SessionManager["request"]>) {
    const stream = await super.request(...parameters);
    const { session } = stream;
    if (session !== undefined && !this.#guarded.has(session)) {
      this.#guarded.add(session);
      session.on("error", () => {});
    }
    return stream;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.NotFound;
}
