import { gzipSync } from "node:zlib";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ServerReflectionRequestSchema } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { BatchReadRequestSchema, ReadRequestSchema } from "#gen/zsc/v1/zeq_context_pb.js";
import { SetRequestSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import {
  endHeaders,
  endStream,
  frame,
  frameTypes,
  headerBlock,
  opening,
  remembered,
  repeated,
} from "../transport/frames.ts";
import { envelope } from "../transport/wire.ts";
import type { Asked } from "./ask.ts";

export interface Tokens {
  readonly admin: string;
  readonly caller: string;
}

/** A request that costs as much as its kind can. */
export interface WorstRequest {
  readonly name: string;
  make(tokens: Tokens): Asked;
  /** What its answer begins with: a request that is not understood would prove nothing. */
  readonly answer: RegExp;
}

const mebibyte = 1_048_576;

/** So many times the same, up to a size. */
function fill(bytes: number, piece: string | readonly number[]): Buffer {
  const one = Buffer.from(piece as string);
  return Buffer.alloc(bytes - (bytes % one.length), one);
}

function numbered(bytes: number, each: (number: string) => string): string {
  const pieces: string[] = [];
  for (let at = 0, number = 0; at < bytes; number++) {
    const piece = each(number.toString(36));
    pieces.push(piece);
    at += piece.length;
  }
  return pieces.join("");
}

const grpc = (path: string, token: string | undefined, body: Uint8Array, more: Record<string, string> = {}): Asked => {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const header = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  return { kind: "http2", header: { ...header, ...authorization, ...more }, body };
};
const setPath = "/zsc.v1.ZscAdmin/Set";
const batchPath = "/zsc.v1.ZeqContext/BatchRead";
const readPath = "/zsc.v1.ZeqContext/Read";
const reflectionPath = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

const json = (token: string | undefined, path: string, body: string | Buffer, type = "application/json"): Asked => {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const header = { ":method": "POST", ":path": path, "content-type": type, ...authorization };
  return { kind: "http2", header, body: Buffer.from(body as string) };
};
const get = (path: string, more: Record<string, string> = {}): Asked => ({
  kind: "http2",
  header: { ":method": "GET", ":path": path, ...more },
  body: new Uint8Array(0),
});

/** Raw HTTP/2, by a peer that acknowledges no settings. */
const hpack = (header: Record<string, string>, rest: Buffer): Asked => {
  const block = Buffer.concat([
    headerBlock({ ":method": "POST", ":scheme": "http", ":authority": "x", ...header }),
    rest,
  ]);
  const goaway = frame(frameTypes.goaway, 0, 0, Buffer.alloc(8));
  return {
    kind: "bytes",
    bytes: Buffer.concat([opening, frame(frameTypes.headers, endHeaders | endStream, 1, block), goaway]),
  };
};
const http1 = (head: string, body = ""): Asked => ({
  kind: "bytes",
  bytes: Buffer.from(`${head}\r\nhost: x\r\nconnection: close\r\n\r\n${body}`, "latin1"),
});

const message = (init: MessageInitShape<typeof SetRequestSchema>) =>
  toBinary(SetRequestSchema, create(SetRequestSchema, init));
const names = (list: readonly string[]) =>
  toBinary(BatchReadRequestSchema, create(BatchReadRequestSchema, { names: [...list] }));
const zids = (count: number, zid: string) => ({ zids: Array<string>(count).fill(zid) });
const read = toBinary(ReadRequestSchema, create(ReadRequestSchema, { name: "n" }));
/** Of `Set`, as large as a message may be. */
const setBytes = (piece: readonly number[]) => envelope(fill(mebibyte - 100, piece));
const setJson = (text: string) => `{"name":"n","value":"v","unknown":${text}}`;

const headers: readonly WorstRequest[] = [
  {
    name: "HPACK that repeats 4 KB of cookies",
    make: () =>
      hpack({ ":path": "/api/zsc/set" }, Buffer.concat([remembered("cookie", ";".repeat(4_000)), repeated(380)])),
    answer: /too large/,
  },
  {
    name: "HPACK that repeats a header of 4 KB without end",
    make: () => hpack({ ":path": "/healthz" }, Buffer.concat([remembered("x", "y".repeat(4_000)), repeated(16_000)])),
    answer: /^/,
  },
  { name: "16 KB of cookies", make: () => get("/api/zsc/list", { cookie: "a=;".repeat(5_300) }), answer: /^401 / },
  { name: "8 KB of cookies", make: () => get("/api/zsc/list", { cookie: ";".repeat(8_190) }), answer: /^401 / },
  {
    name: "8 KB of admin cookies",
    make: () => get("/api/zsc/list", { cookie: "zeq_admin=a;".repeat(682) }),
    answer: /^401 /,
  },
  {
    name: "headers of HTTP/1.1 without end",
    make: () => http1(`GET /healthz HTTP/1.1${"\r\na:b".repeat(100_000)}`),
    answer: /431/,
  },
  {
    name: "3,000 headers of HTTP/1.1",
    make: () => http1(`GET /healthz HTTP/1.1${"\r\na:".repeat(3_000)}`),
    answer: /431/,
  },
  {
    name: "a bearer of spaces",
    make: () => get("/api/zsc/list", { authorization: `Bearer${" ".repeat(15_000)}|` }),
    answer: /^401 /,
  },
  {
    name: "a bearer of equals signs",
    make: () => get("/api/zsc/list", { authorization: `Bearer a${"=".repeat(15_000)}|` }),
    answer: /^401 /,
  },
  {
    name: "a token of 8 KB of JSON",
    make: () => {
      const header = Buffer.from(`{"alg":"HS256","x":${"[".repeat(5_900)}`).toString("base64url");
      return get("/api/zsc/list", { authorization: `Bearer ${header}.e30.x` });
    },
    answer: /^401 /,
  },
  {
    name: "a request id of 15 KB",
    make: () => get("/api/zsc/list", { "x-request-id": "a".repeat(15_000) }),
    answer: /^401 /,
  },
  {
    name: "grpc-timeout of 15 KB",
    make: ({ caller }) => grpc(readPath, caller, envelope(read), { "grpc-timeout": "1".repeat(15_000) }),
    answer: /timeout is malformed/,
  },
  {
    name: "grpc-timeout of a stream of 15 KB",
    make: () =>
      grpc("/grpc.health.v1.Health/Watch", undefined, envelope(new Uint8Array(0)), {
        "grpc-timeout": "1".repeat(15_000),
      }),
    answer: /grpc-timeout|timeout/,
  },
  {
    name: "a content type of 15 KB",
    make: () =>
      ({
        ...grpc(readPath, undefined, envelope(read)),
        header: { ":method": "POST", ":path": readPath, "content-type": "application/json;charset=".repeat(600) },
      }) as Asked,
    answer: /^415 /,
  },
];

const targets: readonly WorstRequest[] = [
  { name: "a path of slashes", make: () => get(`/api/zsc/${"/".repeat(16_000)}`), answer: /^404 / },
  {
    name: "a path of percent-encodings",
    make: ({ admin }) => get(`/api/zsc/info/${"%61".repeat(5_000)}`, { authorization: `Bearer ${admin}` }),
    answer: /^400 /,
  },
  {
    name: "a path of broken percent-encodings",
    make: ({ admin }) => get(`/api/zsc/info/${"%".repeat(15_000)}`, { authorization: `Bearer ${admin}` }),
    answer: /^400 /,
  },
  {
    name: "a query of many parameters",
    make: ({ admin }) => get(`/api/zsc/audit/n?${"limit=%31&".repeat(1_500)}`, { authorization: `Bearer ${admin}` }),
    answer: /^200 /,
  },
  {
    name: "a query of separators",
    make: ({ admin }) => get(`/api/zsc/audit/n?${"&=".repeat(7_500)}`, { authorization: `Bearer ${admin}` }),
    answer: /^200 /,
  },
  {
    name: "a Connect GET",
    make: () => get(`/grpc.health.v1.Health/Check?base64=1&encoding=proto&message=${"A".repeat(15_000)}`),
    answer: /^\d+ /,
  },
];

const lists: readonly WorstRequest[] = [
  {
    name: "a kilobyte of gzip that is 350,000 names",
    make: ({ caller }) =>
      grpc(batchPath, caller, envelope(gzipSync(names(Array(349_000).fill("a"))), 1), { "grpc-encoding": "gzip" }),
    answer: /RESOURCE_EXHAUSTED|^200 8|8 message/,
  },
  {
    name: "30,000 names",
    make: ({ caller }) => grpc(batchPath, caller, envelope(names(Array(30_000).fill("|")))),
    answer: /too many/,
  },
  {
    name: "4,900 names",
    make: ({ caller }) => grpc(batchPath, caller, envelope(names(Array(4_900).fill("|")))),
    answer: /too many names/,
  },
  {
    name: "100 names of 255 bytes",
    make: ({ caller }) => grpc(batchPath, caller, envelope(names(Array(100).fill("é".repeat(127))))),
    answer: /^200 /,
  },
  {
    name: "500,000 permissions",
    make: ({ admin }) => grpc(setPath, admin, setBytes([0x2a, 2, 0x0a, 0])),
    answer: /too many/,
  },
  {
    name: "4,900 permissions",
    make: ({ admin }) =>
      grpc(setPath, admin, envelope(message({ name: "n", value: "v", permissions: zids(4_900, "|") }))),
    answer: /too many permissions/,
  },
  {
    name: "1,000 permissions of 128 bytes and 64 KiB",
    make: ({ admin }) =>
      grpc(
        setPath,
        admin,
        envelope(
          message({
            name: "n",
            value: "é".repeat(32_768),
            permissions: { zids: Array.from({ length: 1_000 }, (_, n) => `${n}${"é".repeat(62)}`) },
          }),
        ),
      ),
    answer: /^200 /,
  },
  {
    name: "1,000 bad permissions",
    make: ({ admin }) =>
      grpc(setPath, admin, envelope(message({ name: "n", value: "v", permissions: zids(1_000, "|".repeat(900)) }))),
    answer: /permission too long/,
  },
  {
    name: "1,000 permissions in JSON",
    make: ({ admin }) =>
      json(
        admin,
        "/api/zsc/set",
        JSON.stringify({
          name: "n",
          value: "v".repeat(65_536),
          permissions: Array.from({ length: 1_000 }, (_, n) => `${n}`.padEnd(128, "x")),
        }),
      ),
    answer: /^200 /,
  },
  {
    name: "4,900 permissions in JSON",
    make: ({ admin }) =>
      json(admin, "/api/zsc/set", JSON.stringify({ name: "n", value: "v", permissions: Array(4_900).fill("x") })),
    answer: /too many permissions/,
  },
  {
    name: "4,900 permissions that are none",
    make: ({ admin }) =>
      json(admin, "/api/zsc/set", JSON.stringify({ name: "n", value: "v", permissions: Array(4_900).fill(0) })),
    answer: /^200 /,
  },
  {
    name: "4,900 names in JSON",
    make: ({ caller }) => json(caller, batchPath, JSON.stringify({ names: Array(4_900).fill(0) })),
    answer: /too many names/,
  },
];

const shapes: readonly WorstRequest[] = [
  {
    name: "1 MiB of unknown numbers",
    make: ({ admin }) => grpc(setPath, admin, setBytes([0x78, 0])),
    answer: /too many fields/,
  },
  {
    name: "1 MiB of unknown groups",
    make: ({ admin }) => grpc(setPath, admin, setBytes([0x7b, 0x7c])),
    answer: /too many fields/,
  },
  {
    name: "1 MiB of nested groups",
    make: ({ admin }) => grpc(setPath, admin, setBytes([0x7b])),
    answer: /too many fields/,
  },
  {
    name: "1 MiB of empty names",
    make: ({ admin }) => grpc(setPath, admin, setBytes([0x0a, 0])),
    answer: /too many fields/,
  },
  { name: "1 MiB of flags", make: ({ admin }) => grpc(setPath, admin, setBytes([0x38, 1])), answer: /too many fields/ },
  { name: "1 MiB of zeros", make: ({ admin }) => grpc(setPath, admin, setBytes([0])), answer: /well-formed|too many/ },
  { name: "1 MiB of 0xff", make: ({ admin }) => grpc(setPath, admin, setBytes([0xff])), answer: /well-formed/ },
  {
    name: "5,000 groups in each other",
    make: ({ admin }) => grpc(setPath, admin, envelope(fill(4_999, [0x7b]))),
    answer: /well-formed/,
  },
  {
    name: "4,900 unknown numbers",
    make: ({ admin }) => grpc(setPath, admin, envelope(fill(9_800, [0x78, 0]))),
    answer: /name required/,
  },
  {
    name: "a value of 1 MB",
    make: ({ admin }) => grpc(setPath, admin, envelope(message({ name: "n", value: "é".repeat(520_000) }))),
    answer: /value too large/,
  },
  {
    name: "a name of 1 MB",
    make: ({ admin }) => grpc(setPath, admin, envelope(message({ name: "é".repeat(520_000), value: "v" }))),
    answer: /name too long/,
  },
  {
    name: "a permission of 1 MB",
    make: ({ admin }) =>
      grpc(setPath, admin, envelope(message({ name: "n", value: "v", permissions: zids(1, "é".repeat(520_000)) }))),
    answer: /permission too long/,
  },
  {
    name: "64 KiB of unknown numbers without a permission",
    make: ({ caller }) => grpc(readPath, caller, envelope(fill(65_000, [0x78, 0]))),
    answer: /too many fields/,
  },
  {
    name: "a bomb of gzip",
    make: ({ admin }) =>
      grpc(setPath, admin, envelope(gzipSync(Buffer.alloc(50_000_000)), 1), { "grpc-encoding": "gzip" }),
    answer: /too large/,
  },
  {
    name: "1 MiB of gzip that does not shrink",
    make: ({ admin }) =>
      grpc(setPath, admin, envelope(gzipSync(fill(mebibyte - 1_000, [1, 2, 3, 250, 9]), { level: 0 }), 1), {
        "grpc-encoding": "gzip",
      }),
    answer: /well-formed|too many/,
  },
];

const jsonShapes: readonly WorstRequest[] = (
  [
    ["keys", `{${numbered(mebibyte - 200, (n) => `"k${n}":0,`)}"z":0}`, /too many values/],
    ["distinct shapes", `[${numbered(mebibyte - 200, (n) => `{"${n}":0},`)}0]`, /too many values/],
    ["nested arrays", "[".repeat(mebibyte - 200), /too many values/],
    ["nested objects", '{"a":'.repeat(200_000), /too many values/],
    ["texts", `[${numbered(mebibyte - 200, (n) => `"${n}",`)}0]`, /too many values/],
    ["4,100 keys", `{${numbered(36_000, (n) => `"k${n}":0,`)}"z":0}`, /^200 /],
    ["4,900 long keys", `{${numbered(990_000, (n) => `"${n.padEnd(200, "k")}":0,`)}"z":0}`, /^200 /],
    ["2,300 distinct shapes", `[${numbered(22_000, (n) => `{"${n}":0},`)}0]`, /^200 /],
    ["120,000 nested arrays", `${"[".repeat(120_000)}${"]".repeat(120_000)}`, /^200 /],
    ["4,900 nested objects", `${'{"a":'.repeat(4_900)}0${"}".repeat(4_900)}`, /^200 /],
    ["4,900 escaped texts", `[${numbered(990_000, (n) => `"\\u0041${n.padEnd(200, "x")}\\n",`)}0]`, /^200 /],
    ["4,900 doubles", `[${numbered(1_000_000, (n) => `0.${"123456789".repeat(22)}${n.length},`)}0]`, /^200 /],
    ["a number of 1 MB", "1".repeat(mebibyte - 200), /^200 /],
    ["a fraction of 1 MB", `0.${"1".repeat(mebibyte - 200)}`, /^200 /],
    ["an exponent of 1 MB", `1e${"1".repeat(mebibyte - 200)}`, /^200 /],
    ["a text of escapes", `"${"\\u00e9".repeat(170_000)}"`, /^200 /],
    ["a text of escaped quotes", `"${'\\"'.repeat(500_000)}"`, /^200 /],
    ["spaces", `0${" ".repeat(mebibyte - 200)}`, /^200 /],
  ] as const
).map(([what, text, answer]) => ({
  name: `1 MiB of JSON: ${what}`,
  make: ({ admin }) => json(admin, "/api/zsc/set", setJson(text)),
  answer,
}));

const jsonFields: readonly WorstRequest[] = (
  [
    [
      "an expiry of 1 MB of digits",
      `{"name":"n","value":"v","expiresZeqond":${"1".repeat(1_000_000)}}`,
      /expiresZeqond/,
    ],
    [
      "an expiry of 1 MB of digits in a text",
      `{"name":"n","value":"v","expiresZeqond":"${"1".repeat(1_000_000)}"}`,
      /expiresZeqond/,
    ],
    ["a value of escapes", `{"name":"n","value":"${"\\u00e9".repeat(170_000)}"}`, /value too large/],
    ["a value of half characters", `{"name":"n","value":"${"\\ud800".repeat(170_000)}"}`, /Unicode/],
    ["a name of 1 MB", `{"name":"${"é".repeat(500_000)}","value":"v"}`, /name too long/],
    ["a tag of 1 MB", `{"name":"n","value":"v","purposeTag":"${"é".repeat(500_000)}"}`, /purposeTag too long/],
  ] as const
).map(([name, body, answer]) => ({
  name: `JSON: ${name}`,
  make: ({ admin }) => json(admin, "/api/zsc/set", body),
  answer,
}));

const reflectionRequests: readonly WorstRequest[] = (
  [
    ["every file", { case: "fileContainingSymbol", value: "zsc.v1.ZscAdmin" }],
    ["names of many dots", { case: "fileContainingSymbol", value: `${"a.".repeat(1_900)}b` }],
    ["unknown types", { case: "allExtensionNumbersOfType", value: "a".repeat(4_000) }],
    ["all services", { case: "listServices", value: "" }],
  ] as const
).map(([what, messageRequest]) => ({
  name: `reflection: ${what}, 200 times`,
  make: () => {
    const one = envelope(
      toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { messageRequest })),
    );
    return grpc(reflectionPath, undefined, Buffer.concat(Array(200).fill(one)));
  },
  answer: /^200 /,
}));

/** Secrets as large as they may be, each of characters that some step takes longest for; `ZEQ-APP` may read them. */
export const largeSecrets: Readonly<Record<string, string>> = {
  plain: "a".repeat(65_536),
  controls: "\u0001".repeat(65_536),
  quotes: '"'.repeat(65_536),
  keys: "🔑".repeat(16_384),
  separators: "\u2028".repeat(21_845),
};

const batches: readonly WorstRequest[] = Object.keys(largeSecrets).flatMap((name) =>
  [20, 60, 100].flatMap((count) => {
    const all = Array<string>(count).fill(name);
    return [
      {
        name: `BatchRead of ${count} ${name}`,
        make: ({ caller }) => grpc(batchPath, caller, envelope(names(all))),
        answer: /^200 {3}/,
      },
      {
        name: `BatchRead of ${count} ${name} in JSON`,
        make: ({ caller }) => json(caller, batchPath, JSON.stringify({ names: all })),
        answer: /^200 .*items|^429 .*too large/,
      },
    ] satisfies WorstRequest[];
  }),
);

export const worstRequests: readonly WorstRequest[] = [
  ...headers,
  ...targets,
  ...lists,
  ...shapes,
  ...jsonShapes,
  ...jsonFields,
  ...reflectionRequests,
  ...batches,
];
