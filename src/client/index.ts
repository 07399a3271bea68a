import { type Client, Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
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

/** A client over gRPC for applications that read secrets. */
export function createZscClient(options: ZscClientOptions): ZscClient {
  const { baseUrl, token, timeoutMs = 10_000, env = process.env } = options;
  const authenticate: Interceptor = (next) => async (request) => {
    request.header.set("authorization", `Bearer ${typeof token === "function" ? await token() : token}`);
    return await next(request);
  };
  const transport = createGrpcTransport({
    baseUrl,
    interceptors: [authenticate, againIfRefused],
    defaultTimeoutMs: timeoutMs,
    readMaxBytes: 8_388_608,
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
 * server that stops refuses what it gets behind its last word; Connect would report that as an internal error.
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

function isRefusedStream(error: unknown): boolean {
  return error instanceof ConnectError && error.rawMessage.includes("REFUSED_STREAM");
}

function isNotFound(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.NotFound;
}
