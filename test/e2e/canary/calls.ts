import { randomBytes } from "node:crypto";
import { http2Client, type Sent } from "../support/http.ts";
import { type Marker, markerOf } from "../support/leaks.ts";
import { admin, type Vault } from "../support/vault.ts";

const unique = randomBytes(12).toString("hex");
const masterKey = randomBytes(32).toString("hex");
const value = `canary value ${unique} "with" quotes/and+more`;
const jwtSecret = `canary jwt secret ${unique}`;
const badToken = `canary-token-${unique}`;

/** What is sent on purpose, so that it can be looked for. */
export const canaries = {
  masterKey,
  jwtSecret,
  value,
  badToken,
  /** No secret: where this is found, the others would be found too. */
  tag: `visible-${unique}`,
  secrets: [
    markerOf("the value", value),
    markerOf("the JWT secret", jwtSecret),
    markerOf("a bad token", badToken),
    markerOf("the master key as it was given", masterKey),
    { what: "the master key", bytes: Buffer.from(masterKey, "hex") },
  ] as readonly Marker[],
};

/** One answer: everything of it but the value of a read. */
export interface Heard {
  readonly what: string;
  readonly status: number;
  readonly text: string;
  /** The value that a read gave. */
  readonly value?: string | undefined;
}

export interface Calls {
  set(body: Readonly<Record<string, unknown>>): Promise<void>;
  send(method: string, path: string, sent?: Sent): Promise<void>;
  /** A read in Connect's JSON and in gRPC's, as this role. */
  read(token: string, request: unknown): Promise<void>;
  /** Each endpoint once, with the canary in its body. */
  everyEndpoint(when: string): Promise<void>;
  readonly vault: Vault;
  /** A token that is remembered, to be looked for. */
  token(...asked: Parameters<Vault["token"]>): Promise<string>;
  tokens(): readonly string[];
  heard(): readonly Heard[];
}

export function hear(vault: Vault): Calls {
  const heard: Heard[] = [];
  const tokens = new Map<string, string>();
  const keep = (what: string, { status, text, headers }: Awaited<ReturnType<Vault["send"]>>) => {
    const value = /"value":\s*("(?:[^"\\]|\\.)*")/.exec(text);
    const found = value?.[1] === undefined ? undefined : (JSON.parse(value[1]) as string);
    const rest = value?.[1] === undefined ? text : text.replaceAll(value[1], "");
    const details = Buffer.from(String(headers["grpc-status-details-bin"] ?? ""), "base64").toString("latin1");
    heard.push({ what, status, text: `${rest}\n${JSON.stringify(headers)}\n${details}`, value: found });
  };
  const calls: Calls = {
    vault,
    heard: () => heard,
    tokens: () => [...tokens.values()],
    async token(...asked) {
      const key = asked.join(" ");
      const token = tokens.get(key) ?? (await vault.token(...asked));
      tokens.set(key, token);
      return token;
    },
    async send(method, path, sent = {}) {
      const token = sent.token ?? (sent.headers === undefined ? await calls.token("admin", admin) : undefined);
      const all = token === undefined ? sent : { ...sent, token };
      keep(`${method} ${path.slice(0, 40)}`, await vault.sendBare(method, path, all));
    },
    set: (body) => calls.send("POST", "/api/zsc/set", { body }),
    async read(token, request) {
      const path = "/zsc.v1.ZeqContext/Read";
      const json = { "content-type": "application/json" };
      keep("Connect's Read", await vault.sendBare("POST", path, { token, headers: json, body: request }));
      const message = Buffer.from(JSON.stringify(request));
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.byteLength, 1);
      const headers = { "content-type": "application/grpc+json", te: "trailers" };
      const http2 = http2Client(vault.host, vault.port);
      keep("gRPC's Read", await http2.send("POST", path, { token, headers, body: Buffer.concat([prefix, message]) }));
      http2.close();
    },
    async everyEndpoint(when) {
      await calls.set({ name: when, value, purposeTag: canaries.tag });
      for (const call of ["rotate", "grant", "revoke"]) {
        await calls.send("POST", `/api/zsc/${call}/n`, { body: { zid: "Z", value } });
      }
      for (const call of ["list", "info/n", "audit/n"]) {
        await calls.send("GET", `/api/zsc/${call}`);
      }
      await calls.send("POST", "/api/zsc/probe-permission", { body: { name: "n", asZid: "Z", value } });
      await calls.read(await calls.token("system", "ZEQ-SYS"), { name: when, value });
      await calls.send("DELETE", "/api/zsc/n");
    },
  };
  return calls;
}

/** Every call in its good ways and in its bad ones, the canaries wherever somebody could put them by mistake. */
export async function callEverything(calls: Calls): Promise<void> {
  const { vault } = calls;
  await calls.everyEndpoint("well");
  const good = { name: "canary", value, purposeTag: canaries.tag, boundZid: "ZEQ-OWNER", permissions: ["ZEQ-FRIEND"] };
  await calls.set(good);
  await calls.set({ ...good, value: `${value} again` });
  await calls.set(good);
  await calls.send("POST", "/api/zsc/rotate/canary");
  await calls.send("POST", "/api/zsc/grant/canary", { body: { zid: "ZEQ-OTHER" } });
  for (const zid of ["ZEQ-OWNER", "ZEQ-STRANGER"]) {
    await calls.read(await calls.token("caller", zid), { name: "canary" });
    await calls.send("POST", "/api/zsc/probe-permission", { body: { name: "canary", asZid: zid } });
  }
  await calls.read(await calls.token("system", "ZEQ-BROKER"), { name: "canary", onBehalfOf: "ZEQ-OWNER" });
  await calls.read(await calls.token("admin", admin), { name: "canary" });
  await badBodies(calls);
  await badTokens(calls);
  await calls.send("PUT", "/api/zsc/list", { body: { value } });
  await calls.send("GET", `/api/zsc/info/x?value=${encodeURIComponent(value)}`);

  await vault.sql("UPDATE secret SET sealed_value = x'01020304' WHERE name = 'canary'");
  await calls.read(await calls.token("caller", "ZEQ-OWNER"), { name: "canary" });
  await calls.send("POST", "/api/zsc/rotate/canary");
  await calls.set({ name: "canary", value, purposeTag: canaries.tag, boundZid: "ZEQ-OWNER", permissions: [] });
  await calls.send("DELETE", "/api/zsc/canary");
}

async function badBodies(calls: Calls): Promise<void> {
  const bodies: readonly unknown[] = [
    { name: "", value },
    { name: 7, value },
    { name: { [value]: value }, value },
    { name: "n".repeat(256), value },
    { name: "n", value: { value } },
    { name: "n", value: [value] },
    { name: "n", value: value.repeat(2_000) },
    { name: "n", value, purposeTag: 7 },
    { name: "n", value, purposeTag: `${value}|` },
    { name: "n", value, boundZid: { value } },
    { name: "n", value, permissions: value },
    { name: "n", value, permissions: [`${value}|`] },
    { name: "n", value, expiresZeqond: value },
    { name: "n", value: `${value}\ud800` },
    `{"name":"n","value":${JSON.stringify(value)}`,
    `${JSON.stringify(value)}`,
    `["${value}"]`,
    `{"name":"n","value":"${value}`,
    JSON.stringify({ name: "n", value: value.repeat(40_000) }),
  ];
  for (const body of bodies) {
    await calls.send("POST", "/api/zsc/set", { body });
    await calls.send("POST", "/zsc.v1.ZscAdmin/Set", {
      token: await calls.token("admin", admin),
      headers: { "content-type": "application/json" },
      body,
    });
  }
}

async function badTokens(calls: Calls): Promise<void> {
  const { badToken } = canaries;
  const good = await calls.token("admin", admin);
  const headers = [
    { authorization: `Bearer ${badToken}` },
    { authorization: `Basic ${badToken}` },
    { authorization: badToken },
    { authorization: [`Bearer ${good}`, `Bearer ${badToken}`] },
    { authorization: `Bearer ${good}${badToken}` },
    { authorization: `Bearer ${good.split(".").slice(0, 2).join(".")}.${badToken}` },
    { cookie: `zeq_admin=${badToken}` },
    { cookie: `zeq_admin=${badToken}; zeq_admin=${good}` },
    { cookie: `zeq_admin=${good}`, "x-request-id": `${badToken} ${badToken}` },
  ];
  for (const each of headers) {
    await calls.send("GET", "/api/zsc/list", { headers: each });
    const typed = { ...each, "content-type": "application/json" };
    await calls.send("POST", "/zsc.v1.ZscAdmin/List", { headers: typed, body: {} });
  }
  for (const token of [await calls.token("caller", "ZEQ-1"), await calls.token("admin", admin, 1_000)]) {
    await calls.send("GET", "/api/zsc/list", { token });
  }
}
