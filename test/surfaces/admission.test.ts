import { createContextValues } from "@connectrpc/connect";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import { type AccessTable, portAccess } from "../../src/surfaces/kernel/access.ts";
import { createAdmission, principalOf } from "../../src/surfaces/kernel/admission.ts";
import { zscAccess } from "../../src/surfaces/zsc/surface.ts";
import type { CallOrigin } from "../../src/transport/index.ts";
import { bindService, createServer } from "../../src/transport/index.ts";
import { failureOf, goodClaims, handClock, hmacToken, nowSeconds, reasonOf, secret } from "../auth/hand-made-tokens.ts";
import { EchoService } from "../gen/test/echo/v1/echo_pb.js";
import { echoHandlers } from "../transport/echo-server.ts";

const clock = handClock(nowSeconds * 1_000);
const authenticator = createAuthenticator({ secret, issuer: "zsc", audience: "zsc", clock });
const tokens = {
  admin: hmacToken(goodClaims),
  caller: hmacToken({ ...goodClaims, role: "caller" }),
  system: hmacToken({ ...goodClaims, role: "system" }),
};
type Headers = Readonly<Record<string, string | readonly string[]>>;

function admissionOf(...tables: readonly AccessTable[]) {
  const admission = createAdmission(authenticator, tables);
  for (const method of [...ZscAdmin.methods, ...ZeqContext.methods]) {
    admission.approve(method, false);
  }
  return admission;
}

const admission = admissionOf(zscAccess, portAccess);

function from(headers: Headers, httpMethod = "POST", origin = "https://vault.example:7777"): CallOrigin {
  const all = (name: string) => [headers[name] ?? []].flat();
  const header = { all, get: (name: string) => all(name)[0] ?? null };
  return { httpMethod, origin, header, peerAddress: "127.0.0.1", peer: { connection: {} }, certificate: undefined };
}

/** The ZID that came in, or why nobody did. */
async function enter(origin: CallOrigin, method = ZscAdmin.method.list): Promise<string> {
  const values = createContextValues();
  const admitted = async () => await admission.admit(method, origin, values);
  const failure = await admitted().then(
    () => undefined,
    () => failureOf(admitted),
  );
  return failure === undefined ? principalOf(values).zid : `${failure.code} ${failure.message}: ${reasonOf(failure)}`;
}

describe("who may call what", () => {
  const methods = [...ZscAdmin.methods, ...ZeqContext.methods];
  const publicMethods = [Health, ServerReflection, ServerReflectionAlpha].flatMap(({ methods: all }) => all);
  const nameOf = ({ parent, name }: (typeof methods)[number]) => `${parent.typeName}/${name}`;

  test("is said of every method that is served, and of no other", () => {
    expect(Object.keys(zscAccess).sort()).toEqual(methods.map(nameOf).sort());
    expect(Object.keys(portAccess).sort()).toEqual(publicMethods.map(nameOf).sort());
  });

  test.each(methods.map((method) => [method.parent.name, method.name, method] as const))(
    "%s/%s: admins manage, callers and the system read",
    async (service, _name, method) => {
      for (const [role, token] of Object.entries(tokens)) {
        const outcome = await enter(from({ authorization: `Bearer ${token}` }), method as typeof ZscAdmin.method.list);
        const may = (role === "admin") === (service === "ZscAdmin");
        expect(outcome).toBe(may ? goodClaims.sub : "FORBIDDEN forbidden: its role may not call this method");
      }
    },
  );

  test("is nobody for a method that no table names, even if it was never looked at before the start", async () => {
    const unknown = EchoService.method.echo as unknown as typeof ZscAdmin.method.list;
    for (const token of Object.values(tokens)) {
      expect(await enter(from({ authorization: `Bearer ${token}` }), unknown)).toMatch(/^FORBIDDEN/);
    }
  });

  const { "zsc.v1.ZscAdmin/Rotate": _rotate, ...incomplete } = zscAccess;
  test.each<[string, readonly AccessTable[], RegExp]>([
    ["no table", [], /^zsc\.v1\.ZscAdmin\/List must have one entry .* has none$/],
    ["a table without it", [incomplete], /^zsc\.v1\.ZscAdmin\/Rotate must have one entry .* has none$/],
    ["a table for the whole service", [{ ...incomplete, "zsc.v1.ZscAdmin": ["admin"] }], /Rotate .* has none$/],
    ["two tables that name it", [zscAccess, zscAccess], /List must have one entry .* has several$/],
    [
      "a table that opens it to all",
      [{ ...zscAccess, "zsc.v1.ZscAdmin/Set": "public" }],
      /Set is not served to everybody/,
    ],
  ])("is not left open: %s, no start", (_what, tables, message) => {
    expect(() => admissionOf(...tables)).toThrow(message);
  });

  test("stops a server that serves a method without an entry, or one more to everybody", () => {
    const health = { ready: async () => ({ ready: true, durable: true }) };
    const start = (isPublic: boolean, ...tables: readonly AccessTable[]) => {
      const { admit, approve } = createAdmission(authenticator, tables);
      const services = [bindService(EchoService, echoHandlers, { public: isPublic })];
      return createServer({ services, health, admit, approve });
    };
    const echoAccess: AccessTable = Object.fromEntries(EchoService.methods.map((one) => [nameOf(one), ["caller"]]));
    expect(() => start(false, zscAccess, portAccess)).toThrow(/^test\.echo\.v1\.EchoService\/\w+ must have one entry/);
    expect(() => start(false, echoAccess)).toThrow(/^grpc\.health\.v1\.Health\/\w+ must have one entry/);
    expect(() => start(true, echoAccess, portAccess)).toThrow(/ is served to everybody, and its entry says otherwise$/);
    expect(() => start(false, echoAccess, portAccess)).not.toThrow();
  });
});

describe("a call that a cookie authenticates", () => {
  const cookie = `zeq_admin=${tokens.admin}`;
  const crossSite = "FORBIDDEN cross-site request: ";
  const json = { "content-type": "application/json", "content-length": "2" };

  test.each<[string, Headers]>([
    ["our own origin", { origin: "https://vault.example:7777" }],
    ["our own origin and site", { origin: "https://vault.example:7777", "sec-fetch-site": "same-origin" }],
    ["our own site", { "sec-fetch-site": "same-origin" }],
    ["our own origin, with a form", { origin: "https://vault.example:7777", "content-type": "text/plain" }],
    ["no browser, JSON", json],
    ["no browser, JSON with a charset", { ...json, "content-type": "application/json; charset=utf-8" }],
    ["no browser, protobuf", { ...json, "content-type": "application/proto" }],
    ["no browser, gRPC", { "content-type": "application/grpc" }],
    ["no browser, gRPC in JSON", { "content-type": "application/grpc+json" }],
    ["no browser, gRPC-Web", { "content-type": "application/grpc-web+proto" }],
    ["no browser, no body", {}],
    ["no browser, an empty body", { "content-length": "0" }],
  ])("may come from %s", async (_what, headers) => {
    expect(await enter(from({ cookie, ...headers }))).toBe(goodClaims.sub);
    expect(await enter(from({ cookie, authorization: "Basic dXNlcjpwdw==", ...headers }))).toBe(goodClaims.sub);
  });

  test.each<[string, Headers]>([
    ["another host", { ...json, origin: "https://evil.example" }],
    ["a host beside ours", { ...json, origin: "https://vault.example.evil.example:7777" }],
    ["another port", { ...json, origin: "https://vault.example" }],
    ["another scheme", { ...json, origin: "http://vault.example:7777" }],
    ["an origin that hides itself", { ...json, origin: "null" }],
    ["an empty origin", { ...json, origin: "" }],
    ["two origins", { ...json, origin: ["https://vault.example:7777", "https://evil.example"] }],
    ["a sister's site", { ...json, "sec-fetch-site": "same-site" }],
    ["another site", { ...json, "sec-fetch-site": "cross-site" }],
    ["the address bar", { ...json, "sec-fetch-site": "none" }],
    ["two sites", { ...json, "sec-fetch-site": ["same-origin", "cross-site"] }],
    ["our origin and another site", { origin: "https://vault.example:7777", "sec-fetch-site": "cross-site" }],
    ["another origin and our site", { origin: "https://evil.example", "sec-fetch-site": "same-origin" }],
    ["a form", { "content-type": "application/x-www-form-urlencoded", "content-length": "2" }],
    ["a form with files", { "content-type": "multipart/form-data; boundary=x", "content-length": "2" }],
    ["a form in plain text", { "content-type": "text/plain", "content-length": "2" }],
    ["plain text that mentions JSON", { "content-type": "text/plain; application/json", "content-length": "2" }],
    ["what only begins like JSON", { "content-type": "application/json-seq", "content-length": "2" }],
    ["two content types", { "content-type": ["application/json", "text/plain"] }],
    ["a body without a type", { "content-length": "2" }],
    ["a stream without a type", { "transfer-encoding": "chunked" }],
  ])("may not come from %s", async (_what, headers) => {
    for (const httpMethod of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      expect(await enter(from({ cookie, ...headers }, httpMethod))).toBe(crossSite);
    }
    expect(await enter(from({ cookie, ...headers }, "GET"))).toBe(goodClaims.sub);
    expect(await enter(from({ cookie, ...headers }, "HEAD"))).toBe(goodClaims.sub);
    expect(await enter(from({ authorization: `Bearer ${tokens.admin}`, ...headers }))).toBe(goodClaims.sub);
    expect(await enter(from({ authorization: `Bearer ${tokens.admin}`, cookie, ...headers }))).toBe(goodClaims.sub);
  });

  test.each([
    ["http://vault.example:80", "http://vault.example"],
    ["https://vault.example:443", "https://vault.example"],
    ["http://VAULT.example:7777", "http://vault.example:7777"],
    ["http://[::1]:7777", "http://[::1]:7777"],
  ])("is at home at %s as a browser writes it", async (ours, origin) => {
    expect(await enter(from({ cookie, origin }, "POST", ours))).toBe(goodClaims.sub);
  });

  test("is at home nowhere when it does not say where it is", async () => {
    for (const ours of ["", "http://", "http://a b", "//vault.example"]) {
      expect(await enter(from({ cookie, origin: "null" }, "POST", ours))).toBe(crossSite);
    }
  });

  test.each(["caller", "system"] as const)("counts for admins only: not for the role %s", async (role) => {
    const headers = { cookie: `zeq_admin=${tokens[role]}`, ...json };
    const read = ZeqContext.method.read as unknown as typeof ZscAdmin.method.list;
    expect(await enter(from(headers), read)).toBe("FORBIDDEN forbidden: a cookie counts for admins only");
    expect(await enter(from(headers, "GET"), read)).toBe("FORBIDDEN forbidden: a cookie counts for admins only");
    expect(await enter(from(headers))).toMatch(/^FORBIDDEN forbidden/);
  });
});

describe("a call without a good token", () => {
  test.each<[string, Headers, string]>([
    ["nothing", {}, "no token"],
    ["another scheme", { authorization: "Basic dXNlcjpwdw==" }, "no token"],
    ["bearer, and none", { authorization: "Bearer" }, "the bearer token is malformed"],
    ["two headers", { authorization: ["Bearer a", "Bearer a"] }, "more than one Authorization header"],
    ["two cookies", { cookie: "zeq_admin=a; zeq_admin=b" }, "two different zeq_admin cookies"],
    ["no token at all", { authorization: "Bearer a" }, "malformed"],
  ])("says why: %s", async (_what, headers, reason) => {
    expect(await enter(from(headers))).toBe(`UNAUTHENTICATED unauthorized: ${reason}`);
  });
});
