import type { TokenSource } from "./token.ts";

/**
 * How often a call is made, and how long it waits in between.
 *
 * @example
 *     const patient: RetryOptions = { attempts: 5, maxPauseMs: 5_000 };
 */
export interface RetryOptions {
  /** The first one included; 3 unless given. */
  readonly attempts?: number | undefined;
  /** The longest pause after the first attempt, doubled for each further one; 100 unless given. */
  readonly pauseMs?: number | undefined;
  /** No pause is longer, unless the vault asks for it; 2,000 unless given. */
  readonly maxPauseMs?: number | undefined;
}

/**
 * The connection to a vault on `https:`. All in PEM.
 *
 * @example
 *     const tls: TlsOptions = { ca: readFileSync("/etc/zsc/ca.pem", "utf8"), serverName: "vault.internal" };
 */
export interface TlsOptions {
  /** Authorities, in place of the system's. */
  readonly ca?: string | undefined;
  /** A certificate of the caller's own, and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that the vault's certificate must have, where it is not that of the URL. */
  readonly serverName?: string | undefined;
}

/**
 * What `createZscClient` takes.
 *
 * @example
 *     const options: ZscClientOptions = { baseUrl: "https://vault.internal:7777", token: () => currentToken() };
 */
export interface ZscClientOptions {
  /** An origin, for example `https://vault.internal:7777`. */
  readonly baseUrl: string;
  /** The caller's token; a function that gives it for each call; or `tokenFromFile(path)`. */
  readonly token: TokenSource;
  /** How long a call may take with all its attempts, milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** Where reads fall through to; this process's environment unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** False: a secret that the vault does not have is an error, whatever the environment holds. */
  readonly fallThrough?: boolean | undefined;
  readonly tls?: TlsOptions | undefined;
  /** False: every call is made once. */
  readonly retry?: RetryOptions | false | undefined;
}

/** Options with every default in its place. */
export interface Settings {
  readonly baseUrl: string;
  readonly token: TokenSource;
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fallThrough: boolean;
  readonly tls: TlsOptions;
  readonly retry: { readonly attempts: number; readonly pauseMs: number; readonly maxPauseMs: number };
}

/** @throws TypeError that names the option, and quotes nothing */
export function settingsOf(options: ZscClientOptions): Settings {
  const { token, timeoutMs = 10_000, env = process.env, fallThrough = true, tls = {}, retry = {} } = options;
  const { attempts = 3, pauseMs = 100, maxPauseMs = 2_000 } = retry === false ? { attempts: 1 } : retry;
  const settings = {
    ...{ baseUrl: originOf(options.baseUrl), token, env, fallThrough, tls },
    timeoutMs: atLeast("timeoutMs", timeoutMs, 1),
    retry: {
      attempts: atLeast("retry.attempts", attempts, 1),
      pauseMs: atLeast("retry.pauseMs", pauseMs, 0),
      maxPauseMs: atLeast("retry.maxPauseMs", maxPauseMs, 0),
    },
  };
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new TypeError("tls.cert and tls.key go together");
  }
  return settings;
}

/** Node's limit of a timer. */
const mostMs = 2_147_483_647;

function atLeast(name: string, value: unknown, least: number): number {
  if (typeof value === "number" && value >= least && value <= mostMs) {
    return value;
  }
  throw new TypeError(`${name} must be a number of at least ${least}`);
}

function originOf(baseUrl: unknown): string {
  const text = String(baseUrl);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["https:", "http:"].includes(url.protocol)) {
    throw new TypeError("baseUrl must be an origin, https: or http:");
  }
  if (url.username !== "" || url.password !== "" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new TypeError("baseUrl must be an origin, with no user, password, path or query");
  }
  return url.origin;
}
