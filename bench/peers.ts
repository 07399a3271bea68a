import { readFileSync } from "node:fs";

/** Another server to load beside ours over HTTP/1.1. */
export interface Peer {
  readonly name: string;
  /** Program and arguments. It MUST stay in the foreground. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** On 127.0.0.1. */
  readonly port: number;
  /** The path that answers below 500 once it serves. */
  readonly ready: string;
  /** Commands that are run one after the other once it serves, with its environment. */
  readonly setup: readonly (readonly string[])[];
  readonly request: PeerRequest;
  /** A shorter answer is a failed call. */
  readonly leastAnswerBytes: number;
}

interface PeerRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** A value `$NAME` is that of an environment variable, so that no token has to stand in the file. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @throws Error with one sentence about what is wrong, and where */
export function readPeers(path: string, env: Readonly<Record<string, string | undefined>>): readonly Peer[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`--peers: ${path} cannot be read as JSON: ${error instanceof Error ? error.message : error}`);
  }
  return parsePeers(json, env);
}

export function parsePeers(json: unknown, env: Readonly<Record<string, string | undefined>>): readonly Peer[] {
  const peers = list(json, "the file").map((each, index) => peerOf(each, `peer ${index + 1}`, env));
  const names = new Set(peers.map(({ name }) => name));
  if (peers.length === 0 || names.size < peers.length) {
    throw new Error("--peers: the file must list at least one peer, each with a name of its own");
  }
  return peers;
}

function peerOf(json: unknown, where: string, env: Readonly<Record<string, string | undefined>>): Peer {
  const peer = object(json, where, [
    ...["name", "command", "environment", "port", "ready", "setup", "request", "leastAnswerBytes"],
  ]);
  const request = object(peer["request"], `${where}, request`, ["method", "path", "headers", "body"]);
  const method = request["method"] ?? "GET";
  if (method !== "GET" && method !== "POST") {
    throw wrong(`${where}, request.method`, "GET or POST");
  }
  return {
    name: text(peer["name"], `${where}, name`),
    command: words(peer["command"], `${where}, command`),
    environment: texts(peer["environment"] ?? {}, `${where}, environment`),
    port: whole(peer["port"], `${where}, port`, 1, 65_535),
    ready: pathOf(peer["ready"] ?? "/", `${where}, ready`),
    setup: list(peer["setup"] ?? [], `${where}, setup`).map((each, at) => words(each, `${where}, setup ${at + 1}`)),
    request: {
      method,
      path: pathOf(request["path"], `${where}, request.path`),
      headers: fromEnvironment(texts(request["headers"] ?? {}, `${where}, request.headers`), where, env),
      body: request["body"] === undefined ? "" : text(request["body"], `${where}, request.body`),
    },
    leastAnswerBytes: whole(peer["leastAnswerBytes"] ?? 0, `${where}, leastAnswerBytes`, 0, 1e9),
  };
}

function fromEnvironment(
  headers: Readonly<Record<string, string>>,
  where: string,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const variable = /^\$([A-Z_][A-Z0-9_]*)$/.exec(value)?.[1];
      const found = variable === undefined ? value : env[variable];
      if (found === undefined) {
        throw new Error(`--peers: ${where}, request.headers: the environment has no ${variable}`);
      }
      return [name, found];
    }),
  );
}

function object(json: unknown, where: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw wrong(where, "an object");
  }
  const unknown = Object.keys(json).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new Error(`--peers: ${where} has an unknown key ${JSON.stringify(unknown)}; known: ${keys.join(", ")}`);
  }
  return json as Readonly<Record<string, unknown>>;
}

function list(json: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(json)) {
    throw wrong(where, "a list");
  }
  return json;
}

function words(json: unknown, where: string): readonly string[] {
  const entries = list(json, where);
  if (entries.length === 0) {
    throw wrong(where, "a program and its arguments");
  }
  return entries.map((entry) => text(entry, where));
}

function texts(json: unknown, where: string): Readonly<Record<string, string>> {
  const entries = Object.entries(object(json, where, Object.keys(Object(json))));
  return Object.fromEntries(entries.map(([key, value]) => [key, text(value, `${where}.${key}`)]));
}

function text(json: unknown, where: string): string {
  if (typeof json !== "string" || json === "") {
    throw wrong(where, "a text that is not empty");
  }
  return json;
}

function pathOf(json: unknown, where: string): string {
  const path = text(json, where);
  if (!/^\/[!-~]*$/.test(path)) {
    throw wrong(where, "a path that begins with / and has no spaces");
  }
  return path;
}

function whole(json: unknown, where: string, least: number, most: number): number {
  if (typeof json !== "number" || !Number.isInteger(json) || json < least || json > most) {
    throw wrong(where, `a whole number from ${least} to ${most}`);
  }
  return json;
}

function wrong(where: string, what: string): Error {
  return new Error(`--peers: ${where} must be ${what}`);
}
