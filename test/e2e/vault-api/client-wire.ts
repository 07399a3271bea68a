import { request } from "node:http";

// What 1Claw's clients put on the wire, field by field, and how strictly they read what comes back. The clients
// themselves do not run here; docs/1claw.md says which versions were run by hand.

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly token?: string;
}

export interface Received {
  readonly status: number;
  readonly header: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export type Client = (port: number, sent: Sent) => Promise<Received>;

/** The client in TypeScript says that it sends JSON, also where it sends nothing, and escapes nothing. */
export const typescript: Client = (port, sent) => sendByFetch(port, sent, {});

/** The MCP server says besides where it runs, and proves that it has a key. */
export const mcpServer: Client = (port, sent) =>
  sendByFetch(port, sent, { "x-1claw-runtime-id": "rt-1", "x-client-share": "s", dpop: "e30.e30.AAAA" });

/** The command line escapes the slashes of a path on every route. */
export const commandLine: Client = (port, sent) =>
  sendByFetch(
    port,
    { ...sent, path: withEscapedPath(sent.path, /^(.*\/secret[a-z-]*\/)(.+?)((?:\/\d+)?)$/) },
    {
      "user-agent": "@1claw/cli",
    },
  );

/** The client in Go sends a line of JSON, or neither a body nor a type. It knows no versions of secrets. */
export const go: Client = (port, { token, body, path, method }) => {
  const text = body === undefined ? undefined : `${JSON.stringify(body)}\n`;
  return send(port, { method, path: withEscapedPath(path, /^(.*\/secrets\/)(.+?)()$/) }, text, {
    "User-Agent": "OpenAPI-Generator/1.0.0/go",
    Accept: "application/json",
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(text === undefined ? {} : { "Content-Type": "application/json" }),
    "Accept-Encoding": "gzip",
  });
};

function sendByFetch(port: number, { token, body, ...sent }: Sent, more: Readonly<Record<string, string>>) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return send(port, sent, text, {
    "content-type": "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    accept: "*/*",
    "accept-language": "*",
    "sec-fetch-mode": "cors",
    "user-agent": "node",
    "accept-encoding": "gzip, deflate",
    ...more,
  });
}

function withEscapedPath(path: string, form: RegExp): string {
  const [, base = "", secret = "", version = ""] = form.exec(path) ?? [];
  return secret === "" ? path : base + encodeURIComponent(secret) + version;
}

function send(
  port: number,
  { method, path }: Pick<Sent, "method" | "path">,
  text: string | undefined,
  more: Readonly<Record<string, string>>,
): Promise<Received> {
  const isLong = text !== undefined || method === "POST" || method === "PUT" || method === "PATCH";
  const headers = { ...more, ...(isLong ? { "content-length": String(Buffer.byteLength(text ?? "")) } : {}) };
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
      answer.on("end", () => {
        const received = { status: answer.statusCode ?? 0, header: answer.headers, text: `${Buffer.concat(parts)}` };
        resolve(received);
      });
    });
    asked.on("error", reject).end(text);
  });
}

/** Fields that must be there, and after the colon those that may; any other is a fault. A decoder in Go, version 2.6. */
export const decoders = {
  Vault: "id name created_at: description created_by created_by_type cmek_enabled cmek_fingerprint",
  Secret: "id path type value version created_at: metadata created_by expires_at cmek_encrypted",
  SecretMetadata: "id path type version created_at: metadata expires_at",
  Policy:
    "id vault_id secret_path_pattern principal_type principal_id permissions created_at: conditions expires_at created_by created_by_type",
  Token: "access_token token_type: expires_in refresh_token",
  Agent:
    "id name auth_method is_active intents_api_enabled shroud_enabled created_at: description scopes token_ttl_seconds vault_ids expires_at last_active_at",
  AgentCreated: "agent: api_key",
} as const;

export type Kind = keyof typeof decoders;

/** What a strict decoder has against an object; empty: nothing. */
export function decodingFaults(kind: Kind, decoded: object): readonly string[] {
  const [must = "", may = ""] = decoders[kind].split(":");
  const required = must.split(" ");
  const known = new Set([...required, ...may.trim().split(" ")]);
  const missing = required.filter((field) => !(field in decoded)).map((field) => `${kind}.${field} is missing`);
  const unknown = Object.keys(decoded).filter((field) => !known.has(field));
  // In Go, null in place of a string, a number or a time is taken as absent, and hides a fault of ours.
  const empty = Object.entries(decoded).filter(([, value]) => value === null);
  return [
    ...missing,
    ...unknown.map((field) => `${kind}.${field} is unknown`),
    ...empty.map(([field]) => `${kind}.${field} is null`),
  ];
}
