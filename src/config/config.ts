import type { Plaintext, RateLimit } from "../base/index.ts";
/** `development`: one machine, loopback only, generated keys. `production`: no key is generated. */
export type Mode = "development" | "production";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export interface ListenAddress {
  /** A name or an address; an IPv6 address without its brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export type DatabaseConfig =
  | { readonly kind: "sqlite"; readonly path: string }
  | {
      readonly kind: "mysql";
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: Plaintext;
      readonly database: string;
      /** TLS to the database with certificate verification; `ca` in PEM replaces the system's CAs. */
      readonly tls?: { readonly ca?: string };
    };

export interface JwtConfig {
  /** At least 32 bytes. */
  readonly secret: Plaintext;
  readonly issuer: string;
  readonly audience: string;
}

/** An external issuer of caller tokens. */
export interface CallerIssuerConfig {
  readonly jwksUrl: URL;
  readonly issuer: string;
  readonly audience: string;
  readonly zidClaim: string;
}

/** PEM. The certificate matches the key. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: Plaintext;
}

/** A problem that the operator should know of and that does not prevent a start. */
export interface ConfigWarning {
  readonly setting: string;
  readonly message: string;
}

/** Settings of every command. */
export interface BaseConfig {
  readonly mode: Mode;
  /** The folder of the keys and the database in development mode. */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly warnings: readonly ConfigWarning[];
}

/** For commands that mint tokens. */
export interface TokenCommandConfig extends BaseConfig {
  readonly jwt: JwtConfig;
}

/** For commands that read the database and open no sealed values. */
export interface DatabaseCommandConfig extends BaseConfig {
  readonly database: DatabaseConfig;
}

/** For the server. Its secrets print as `[redacted]`. */
export interface Config extends TokenCommandConfig, DatabaseCommandConfig {
  readonly listen: ListenAddress;
  /** 64 hex digits. */
  readonly masterKey: Plaintext;
  readonly tls: TlsConfig | undefined;
  readonly callers: CallerIssuerConfig | undefined;
  /** Of `/v1`, for each address: all calls, and those to its token routes; null: none. */
  readonly rateLimit: RateLimit | null;
  readonly authRateLimit: RateLimit | null;
  /** Addresses whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[];
  /** Whether anybody may make himself a user of `/v1`. */
  readonly signUpIsOpen: boolean;
  /** How long tokens of `/v1` are good for. */
  readonly userTokenSeconds: number;
  readonly agentTokenSeconds: number;
  /** The deadline of a JSON call. */
  readonly callMs: number;
  readonly shutdownMs: number;
  /** Whether the server refuses to start without an existing vault, instead of creating one. */
  readonly requireVault: boolean;
}
