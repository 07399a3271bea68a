import type { Plaintext } from "../domain/plaintext.ts";

/** `development`: one machine, loopback only, generated keys. `production`: nothing is made up. */
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
      /** TLS to the database, its certificate checked; `ca` in PEM replaces the system's authorities. */
      readonly tls?: { readonly ca?: string };
    };

export interface JwtConfig {
  /** At least 32 bytes. */
  readonly secret: Plaintext;
  readonly issuer: string;
  readonly audience: string;
}

/** An issuer of caller tokens that is not ours. */
export interface CallerIssuerConfig {
  readonly jwksUrl: URL;
  readonly issuer: string;
  readonly audience: string;
  readonly zidClaim: string;
}

/** PEM. The certificate belongs to the key. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: Plaintext;
}

/** Something that an operator should know and that does not prevent a start. */
export interface ConfigWarning {
  readonly setting: string;
  readonly message: string;
}

/** What every command has. */
export interface BaseConfig {
  readonly mode: Mode;
  /** Where development keeps its keys and its database. */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly warnings: readonly ConfigWarning[];
}

/** For commands that mint tokens. */
export interface TokenCommandConfig extends BaseConfig {
  readonly jwt: JwtConfig;
}

/** For commands that look into the database and open nothing there. */
export interface DatabaseCommandConfig extends BaseConfig {
  readonly database: DatabaseConfig;
}

/** For the server. Secrets in it print as `[redacted]`. */
export interface Config extends TokenCommandConfig, DatabaseCommandConfig {
  readonly listen: ListenAddress;
  /** 64 hex digits. */
  readonly masterKey: Plaintext;
  readonly tls: TlsConfig | undefined;
  readonly callers: CallerIssuerConfig | undefined;
  /** How long a JSON call may take. */
  readonly callMs: number;
  readonly shutdownMs: number;
  /** Whether a start that finds no vault is refused, instead of making one. */
  readonly requireVault: boolean;
}
