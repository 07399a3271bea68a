import type { DescMethod } from "@bufbuild/protobuf";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { type Answer, type HttpClient, http2Client, type Sent } from "../support/http.ts";
import { admin, type Vault } from "../support/vault.ts";

const marker = "xMARKERx";
const markerNumber = "7771777277737774";

/** The marker in every shape that is wrong somewhere. */
const wrong: readonly unknown[] = [
  `${marker}|`,
  `${marker}\u0000`,
  `${marker}\ud800`,
  marker.repeat(20),
  marker.repeat(50),
  marker.repeat(9_000),
  { [marker]: marker },
  [marker],
  [[marker], { [marker]: marker }],
  [`${marker}|`],
  Number(markerNumber) + 0.5,
  `-${markerNumber}`,
  `${markerNumber}.5`,
  Number(`${markerNumber}e300`),
];

const texts = [`{"name":"${marker}`, `{"name":${marker}}`, `["${marker}"]`, `"${marker}"`, marker, `{"${marker}"}`];

/** Whatever is sent, and however it is wrong, no refusal quotes it. */
export function noEcho(vault: () => Vault): void {
  let token = "";
  let caller = "";
  let http2: HttpClient;
  beforeAll(async () => {
    token = await vault().token("admin", admin);
    caller = await vault().token("caller", "ZEQ-ECHO");
    http2 = http2Client(vault().host, vault().port);
  });
  afterAll(() => http2.close());

  function expectSilence(what: string, answer: Answer): void {
    const said = `${answer.text}\n${JSON.stringify(answer.headers)}`;
    const details = Buffer.from(String(answer.headers["grpc-status-details-bin"] ?? ""), "base64").toString("latin1");
    expect([what, said + details]).toEqual([what, expect.not.stringMatching(new RegExp(`${marker}|${markerNumber}`))]);
  }
  const isRefusal = ({ status, headers }: Answer) => status !== 200 || (headers["grpc-status"] ?? "0") !== "0";

  /** Requests in which one field at a time is wrong and the others are good. */
  function* wrongRequests(method: DescMethod): Generator<Readonly<Record<string, unknown>>> {
    const good: Record<string, unknown> = { name: "n", names: ["n"], value: "v", zid: "Z", asZid: "Z" };
    const { fields } = method.input;
    const base = Object.fromEntries(fields.flatMap(({ jsonName: n }) => (n in good ? [[n, good[n]]] : [])));
    for (const { jsonName } of fields) {
      for (const value of wrong) {
        yield { ...base, [jsonName]: value };
      }
    }
  }

  const json: Readonly<Record<string, string>> = {
    set: "/api/zsc/set",
    probePermission: "/api/zsc/probe-permission",
    grant: "/api/zsc/grant/none",
    revoke: "/api/zsc/revoke/none",
  };

  test.each(Object.entries(json))("%s on the JSON surface", async (name, path) => {
    const method = ZscAdmin.methods.find(({ localName }) => localName === name) as DescMethod;
    let refusals = 0;
    for (const body of [...wrongRequests(method), ...texts]) {
      const answer = await vault().send("POST", path, { token, body });
      if (!isRefusal(answer)) {
        continue;
      }
      refusals += 1;
      expectSilence(`${path} ${JSON.stringify(body).slice(0, 80)}`, answer);
    }
    expect(refusals).toBeGreaterThan(20);
  });

  test("paths, queries and headers", async () => {
    const encoded = [`${marker}%00`, `${marker}%7c`, `${marker}%zz`, marker.repeat(50), `${marker}/${marker}`];
    const requests: (readonly [string, string, Sent?])[] = encoded.flatMap((segment) => [
      ["GET", `/api/zsc/info/${segment}`],
      ["GET", `/api/zsc/audit/${segment}`],
      ["POST", `/api/zsc/rotate/${segment}`],
      ["DELETE", `/api/zsc/${segment}`],
      ["GET", `/${segment}`],
      ["POST", `/zsc.v1.ZscAdmin/${segment}`, { body: {} }],
    ]);
    requests.push(
      ["GET", `/api/zsc/info/${marker}`],
      ["GET", `/api/zsc/audit/n?limit=${marker}`],
      ["GET", `/api/zsc/audit/n?limit=${markerNumber}.5`],
      ["GET", `/api/zsc/list?pageSize=${marker}`],
      ["GET", `/api/zsc/list?pageToken=${marker.repeat(100)}`],
      ["GET", `/api/zsc/list?pageToken=${Buffer.from(`${marker}|`).toString("base64url")}`],
      [marker.toUpperCase(), "/api/zsc/list"],
      ["GET", "/api/zsc/list", { token: marker }],
      ["GET", "/api/zsc/list", { headers: { authorization: `${marker} ${marker}` } }],
      ["GET", "/api/zsc/list", { token: "", headers: { cookie: `zeq_admin=${marker}` } }],
    );
    for (const [method, path, sent] of requests) {
      const answer = await vault().sendBare(method, path, { token, ...sent });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectSilence(`${method} ${path}`, answer);
    }
  });

  const methods = [...ZscAdmin.methods, ...ZeqContext.methods];
  test.each(methods.map((method) => [`${method.parent.typeName}/${method.name}`, method] as const))(
    "%s in Connect's and gRPC's JSON",
    async (path, method) => {
      const bearer = method.parent === ZscAdmin ? token : caller;
      for (const body of [...wrongRequests(method), ...texts]) {
        const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
        const asConnect = { token: bearer, headers: { "content-type": "application/json" }, body: bytes };
        const connect = await vault().sendBare("POST", `/${path}`, asConnect);
        if (isRefusal(connect)) {
          expectSilence(`${path} ${bytes.toString().slice(0, 80)}`, connect);
        }
        const grpc = await sendGrpc(`/${path}`, bearer, "application/grpc+json", bytes);
        if (isRefusal(grpc)) {
          expectSilence(`${path} ${bytes.toString().slice(0, 80)}`, grpc);
        }
      }
    },
  );

  const sendGrpc = async (path: string, bearer: string, type: string, message: Uint8Array, more = {}) => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.byteLength, 1);
    const headers = { "content-type": type, te: "trailers", ...more };
    return await http2.send("POST", path, { token: bearer, headers, body: Buffer.concat([prefix, message]) });
  };

  test.each(methods.map((method) => [`${method.parent.typeName}/${method.name}`, method] as const))(
    "%s in binary",
    async (path, method) => {
      const bearer = method.parent === ZscAdmin ? token : caller;
      const text = Buffer.from(marker);
      const wireTypes = [0, 1, 2, 5, 3, 7];
      for (const { number } of method.input.fields) {
        for (const wireType of wireTypes) {
          for (const tail of [text, Buffer.concat([Buffer.from([text.length]), text, Buffer.from([0xff, 0xff])])]) {
            const message = Buffer.concat([Buffer.from([number * 8 + wireType]), tail]);
            const answer = await sendGrpc(`/${path}`, bearer, "application/grpc", message);
            if (isRefusal(answer)) {
              expectSilence(`${path} ${message.toString("hex")}`, answer);
            }
          }
        }
        const invalid = Buffer.concat([Buffer.from([number * 8 + 2, text.length + 1, 0xff]), text]);
        const answer = await sendGrpc(`/${path}`, bearer, "application/grpc", invalid);
        if (isRefusal(answer)) {
          expectSilence(`${path} ${invalid.toString("hex")}`, answer);
        }
      }
    },
  );

  test("headers of the protocols", async () => {
    const path = "/zsc.v1.ZeqContext/Read";
    const message = Buffer.from([0x0a, 1, 0x6e]);
    for (const name of ["grpc-timeout", "grpc-encoding", "connect-timeout-ms"]) {
      expectSilence(name, await sendGrpc(path, caller, "application/grpc", message, { [name]: marker }));
    }
    for (const name of ["connect-protocol-version", "connect-timeout-ms", "content-encoding"]) {
      const headers = { "content-type": "application/json", [name]: marker };
      const answer = await vault().sendBare("POST", path, { token: caller, headers, body: {} });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectSilence(name, answer);
    }
    for (const type of [`application/${marker}`, `application/grpc+${marker}`, marker]) {
      const answer = await vault().sendBare("POST", path, {
        token: caller,
        headers: { "content-type": type },
        body: {},
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectSilence(type, answer);
    }
  });

  test("and the log says nothing of it either", () => {
    const log = vault().process.stdout();
    expect(log).not.toContain(marker);
    expect(log).not.toContain(markerNumber);
  });
}
