import { Plaintext } from "../base/index.ts";
import type { DatabaseConfig } from "./config.ts";
import { SettingProblem } from "./config-error.ts";

const expected = "must be mysql://user:password@host:port/database or sqlite:path";
const defaultMysqlPort = 3306;

/**
 * Parses a database URL. `mysql:` accepts `?tls=true`, and `?ca=FILE` for a private CA, which implies TLS. Special
 * characters in user and password are percent-encoded.
 *
 * @param readCa returns the PEM text of a file
 */
export function parseDatabaseUrl(text: string, readCa: (path: string) => string): DatabaseConfig {
  if (text.startsWith("sqlite:")) {
    return parseSqlite(text.slice("sqlite:".length));
  }
  if (text.startsWith("mysql://")) {
    return parseMysql(text, readCa);
  }
  throw new SettingProblem(expected);
}

function parseSqlite(path: string): DatabaseConfig {
  if (path.startsWith("//")) {
    throw new SettingProblem("must be sqlite:path without //, such as sqlite:/srv/zsc/zsc.db");
  }
  if (path === "" || path === ":memory:") {
    throw new SettingProblem("must name a file after sqlite:");
  }
  return { kind: "sqlite", path };
}

function parseMysql(text: string, readCa: (path: string) => string): DatabaseConfig {
  const url = URL.parse(text);
  const database = decoded(url?.pathname.slice(1) ?? "");
  if (url === null || url.hostname === "" || url.username === "" || !/^[^/]+$/.test(database) || url.hash !== "") {
    throw new SettingProblem(`${expected}; special characters in user and password are percent-encoded`);
  }
  return {
    kind: "mysql",
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? defaultMysqlPort : Number(url.port),
    user: decoded(url.username),
    password: Plaintext.fromString(decoded(url.password)),
    database,
    ...tlsOf(url.searchParams, readCa),
  };
}

function tlsOf(
  parameters: URLSearchParams,
  readCa: (path: string) => string,
): { readonly tls?: { readonly ca?: string } } {
  const unknown = [...parameters.keys()].some((name) => name !== "tls" && name !== "ca");
  const tls = parameters.get("tls");
  if (unknown || (tls !== null && tls !== "true" && tls !== "false")) {
    throw new SettingProblem("takes the parameters tls=true, tls=false and ca=FILE, no others");
  }
  const ca = parameters.get("ca");
  if (ca === null) {
    return tls === "true" ? { tls: {} } : {};
  }
  if (tls === "false") {
    throw new SettingProblem("names authorities with ca and turns TLS off: take one of them away");
  }
  return { tls: { ca: readCa(ca) } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SettingProblem("holds a % that is no percent-encoding: write %25");
  }
}
