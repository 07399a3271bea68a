import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { type EchoServer, startEcho } from "../echo-server.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameTypes,
  headerBlock,
  opening,
  padded,
  remembered,
  repeated,
} from "../frames.ts";
import { askHttp2, askJson } from "../wire.ts";
import { headers, many, openCall, openPeer, type RawPeer, resetOf, settingsFrame, word } from "./raw-peer.ts";

const megabytes = 1_048_576;
let echo: EchoServer;
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(() => echo.server.close(0));

/** What every attack must leave as it was: others are answered, and memory is not held. */
async function othersAreServed(): Promise<void> {
  expect((await askHttp2(echo.port, { ":path": "/healthz" })).header[":status"]).toBe(200);
  expect((await askJson(echo.port, "POST", "/api/echo/say", '{"text":"hi"}')).status).toBe(200);
}

const nothing = Buffer.alloc(0);
const ofHeaders = (id: number, block: Buffer, flags = endHeaders | endStream) =>
  frame(frameTypes.headers, flags, id, block);

/** Each is more than a peer may send; `name` is what it hears. */
const floods: readonly (readonly [string, Buffer, string])[] = [
  [
    "rapid reset",
    many(3_000, (n) => Buffer.concat([openCall(2 * n + 1), frame(3, 0, 2 * n + 1, word(8))])),
    "ENHANCE_YOUR_CALM",
  ],
  [
    "resets that the server is made to send: windows that grow by 0",
    many(3_000, (n) => Buffer.concat([openCall(2 * n + 1), frame(8, 0, 2 * n + 1, word(0))])),
    "ENHANCE_YOUR_CALM",
  ],
  [
    "resets that the server is made to send: malformed requests",
    many(3_000, (n) => headers(2 * n + 1, { "Upper-Case": "x" })),
    "ENHANCE_YOUR_CALM",
  ],
  ["SETTINGS", many(3_000, () => settingsFrame()), "ENHANCE_YOUR_CALM"],
  ["SETTINGS that move every window", many(3_000, (n) => settingsFrame([4, n])), "ENHANCE_YOUR_CALM"],
  ["PING", many(3_000, () => frame(frameTypes.ping, 0, 0, Buffer.alloc(8))), "ENHANCE_YOUR_CALM"],
  ["PRIORITY", many(3_000, (n) => frame(frameTypes.priority, 0, 2 * n + 1, Buffer.alloc(5))), "ENHANCE_YOUR_CALM"],
  ["WINDOW_UPDATE", many(3_000, () => frame(frameTypes.windowUpdate, 0, 0, word(1))), "ENHANCE_YOUR_CALM"],
  ["unknown frames", many(3_000, () => frame(0xaa, 0, 0, nothing)), "ENHANCE_YOUR_CALM"],
  [
    "empty DATA",
    Buffer.concat([openCall(1), many(3_000, () => frame(frameTypes.data, 0, 1, nothing))]),
    "ENHANCE_YOUR_CALM",
  ],
  [
    "DATA that is padding",
    Buffer.concat([
      openCall(1),
      many(3_000, () => frame(frameTypes.data, padded, 1, Buffer.from([20, ...Buffer.alloc(20)]))),
    ]),
    "ENHANCE_YOUR_CALM",
  ],
  [
    "RST_STREAM on a stream that is over",
    Buffer.concat([headers(1), many(3_000, () => frame(frameTypes.reset, 0, 1, word(8)))]),
    "ENHANCE_YOUR_CALM",
  ],
  [
    "CONTINUATION without end",
    Buffer.concat([ofHeaders(1, nothing, 0), many(3_000, () => frame(frameTypes.continuation, 0, 1, nothing))]),
    "ENHANCE_YOUR_CALM",
  ],
  [
    "a header block over many frames",
    Buffer.concat([ofHeaders(1, nothing, 0), many(5, () => frame(9, 0, 1, Buffer.alloc(16_000, 0x82)))]),
    "ENHANCE_YOUR_CALM",
  ],
  ["HEADERS on streams that are over", Buffer.concat([headers(1), headers(3), headers(1)]), "STREAM_CLOSED"],
  ["a table of HPACK over the maximum", ofHeaders(1, Buffer.from([0x3f, 0xe2, 0x1f])), "COMPRESSION_ERROR"],
  ["a frame over 16 KiB", frame(frameTypes.data, 0, 1, Buffer.alloc(16_385)), "FRAME_SIZE_ERROR"],
  ["no SETTINGS at first", headers(1), "PROTOCOL_ERROR"],
];

describe("a peer that sends too much ends its own connection only:", () => {
  test.each(floods)("%s", async (what, flood, error) => {
    const withoutSettings = opening.subarray(0, 24);
    const before = process.memoryUsage().rss;
    const peer = await openPeer(echo.port, what === "no SETTINGS at first" ? withoutSettings : opening);
    peer.send(flood);
    expect(await peer.closed()).toBe(error);
    await othersAreServed();
    expect((process.memoryUsage().rss - before) / megabytes).toBeLessThan(128);
  });

  test("bytes that are no frames", async () => {
    const peer = await openPeer(
      echo.port,
      Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), Buffer.alloc(99)]),
    );
    expect(await peer.closed()).toBe("PROTOCOL_ERROR");
    await othersAreServed();
  });

  test("a header block in more than 16 frames, however short they are", async () => {
    const block = headerBlock({ ":method": "GET", ":scheme": "http", ":authority": "x", ":path": "/healthz" });
    /** Three bytes in each frame, and what is left in the last. */
    const inFrames = (id: number, count: number) =>
      many(count, (n) => {
        const isLast = n === count - 1;
        const type = n === 0 ? frameTypes.headers : frameTypes.continuation;
        const flags = (n === 0 ? endStream : 0) | (isLast ? endHeaders : 0);
        return frame(type, flags, id, block.subarray(3 * n, isLast ? undefined : 3 * n + 3));
      });
    const peer = await openPeer(echo.port);
    peer.send(inFrames(1, 16));
    expect((await peer.find(({ type, id }) => type === frameTypes.headers && id === 1)).payload[0]).toBe(0x88);
    peer.send(inFrames(3, 17));
    // GOAWAY, or else an answer.
    const next = await peer.find(({ type, id }) => type === frameTypes.goaway || id === 3);
    expect(next.type).toBe(frameTypes.goaway);
    expect(await peer.closed()).toBe("ENHANCE_YOUR_CALM");
    await othersAreServed();
  });

  test("a call that waits beside a storm of resets is told UNAVAILABLE first", async () => {
    const peer = await openPeer(echo.port);
    peer.send(
      openCall(1),
      many(3_000, (n) => Buffer.concat([openCall(2 * n + 3), frame(3, 0, 2 * n + 3, word(8))])),
    );
    const answer = await peer.find(({ type, id }) => type === frameTypes.headers && id === 1);
    expect(answer.payload.toString("latin1")).toContain("503");
    expect(await peer.closed()).toBe("ENHANCE_YOUR_CALM");
  });
});

describe("a header section over the limits is answered, and costs little:", () => {
  const expand = Buffer.concat([remembered("x", "y".repeat(4_000)), repeated(16_000)]);
  test.each([
    ["one large field, repeated 16,000 times by its index", [expand]],
    ["over four frames", [Buffer.concat([expand, Buffer.alloc(384, 0x82)]), ...Array(3).fill(repeated(12_000))]],
    ["1,000 fields", [Buffer.alloc(1_000, 0x10).fill(Buffer.from([0x10, 1, 0x61, 0]))]],
    ["64 KB of one field", [headerBlock({ x: "y".repeat(16_000) }), headerBlock({ z: "y".repeat(16_000) })]],
  ] as const)("%s", async (_what, [first = nothing, ...more]) => {
    const peer = await openPeer(echo.port);
    const usual = headerBlock({ ":method": "GET", ":scheme": "http", ":authority": "x", ":path": "/healthz" });
    const isOne = more.length === 0;
    peer.send(frame(frameTypes.headers, endStream | (isOne ? endHeaders : 0), 1, usual));
    for (const [index, block] of isOne ? [] : [first, ...more].entries()) {
      peer.send(frame(frameTypes.continuation, index === more.length ? endHeaders : 0, 1, block.subarray(0, 16_384)));
    }
    if (isOne) {
      peer.send(ofHeaders(3, Buffer.concat([usual, first]).subarray(0, 16_384)));
    }
    const id = isOne ? 3 : 1;
    const answer = await peer.find((one) => one.type === frameTypes.headers && one.id === id);
    expect(answer.payload.toString("latin1")).toContain("431");
    // The tables of both sides are still the same.
    peer.send(headers(5));
    expect((await peer.find((one) => one.type === frameTypes.headers && one.id === 5)).payload[0]).toBe(0x88);
    peer.close();
    await othersAreServed();
  });
});

describe("a request that two readers could understand in two ways is reset:", () => {
  const get = { ":method": "GET", ":scheme": "http", ":authority": "x", ":path": "/healthz" };
  const post = { ...get, ":method": "POST", ":path": "/api/echo/say" };
  const pair = (name: string, value: string) => headerBlock({ [name]: value });
  test.each([
    ["CR and LF in a value", [headerBlock(get), pair("x", "a\r\nb: c")]],
    ["LF in a value", [headerBlock(get), pair("x", "a\nb")]],
    ["NUL in a value", [headerBlock(get), pair("x", "a\0")]],
    ["another control character in a value", [headerBlock(get), pair("x", "a\x1b[2J")]],
    ["DEL in a value", [headerBlock(get), pair("x", "a\x7f")]],
    ["a space before a value", [headerBlock(get), pair("x", " a")]],
    ["a tab behind a value", [headerBlock(get), pair("x", "a\t")]],
    ["upper case in a name", [headerBlock(get), pair("X", "a")]],
    ["a space in a name", [headerBlock(get), pair("x y", "a")]],
    ["a colon in a name", [headerBlock(get), pair("x:", "a")]],
    ["CR and LF in a name", [headerBlock(get), pair("x\r\ny", "a")]],
    ["an empty name", [headerBlock(get), pair("", "a")]],
    ["bytes over ASCII in a name", [headerBlock(get), pair("é", "a")]],
    ["connection", [headerBlock(get), pair("connection", "close")]],
    ["keep-alive", [headerBlock(get), pair("keep-alive", "1")]],
    ["proxy-connection", [headerBlock(get), pair("proxy-connection", "close")]],
    ["transfer-encoding", [headerBlock(get), pair("transfer-encoding", "chunked")]],
    ["upgrade", [headerBlock(get), pair("upgrade", "h2c")]],
    ["te with another coding", [headerBlock(get), pair("te", "gzip")]],
    ["two :path", [headerBlock(get), pair(":path", "/readyz")]],
    ["two :method", [pair(":method", "POST"), headerBlock(get)]],
    [":path behind a field", [pair("x", "a"), headerBlock(get)]],
    [":status", [headerBlock(get), pair(":status", "200")]],
    ["an unknown pseudo-header", [headerBlock(get), pair(":protocol", "websocket")]],
    ["CR and LF in :path", [headerBlock({ ...get, ":path": "/a\r\nb" })]],
    ["no :scheme", [headerBlock({ ":method": "GET", ":path": "/" })]],
    ["two host", [headerBlock(get), pair("host", "x"), pair("host", "x")]],
    ["two lengths", [headerBlock(post), pair("content-length", "3"), pair("content-length", "4")]],
    ["a length that is no number", [headerBlock(post), pair("content-length", "+3")]],
    ["a negative length", [headerBlock(post), pair("content-length", "-1")]],
    ["a length without a body", [headerBlock(post), pair("content-length", "3")]],
  ] as const)("%s", async (_what, blocks) => {
    const peer = await openPeer(echo.port);
    peer.send(ofHeaders(1, Buffer.concat(blocks)));
    expect(await resetOf(peer, 1)).toBe("PROTOCOL_ERROR");
    peer.send(headers(3));
    await peer.find(({ type, id }) => type === frameTypes.headers && id === 3);
    peer.close();
  });

  const body = frame(frameTypes.data, 0, 1, Buffer.from("{}"));
  const length = { ":method": "POST", ":path": "/api/echo/say", "content-length": "5" };
  test.each([
    ["a body that is too short", [headers(1, length, endHeaders), body, frame(0, endStream, 1, Buffer.from("{}"))]],
    ["a body that is too long", [headers(1, length, endHeaders), body, frame(0, endStream, 1, Buffer.from("{}{}{}"))]],
    ["trailers before the body is whole", [headers(1, length, endHeaders), body, ofHeaders(1, pair("x", "y"))]],
    ["trailers with a pseudo-header", [openCall(1), ofHeaders(1, pair(":path", "/"))]],
    ["trailers with upper case", [openCall(1), ofHeaders(1, pair("X", "y"))]],
    ["trailers that do not end the stream", [openCall(1), ofHeaders(1, pair("x", "y"), endHeaders)]],
  ] as const)("%s", async (_what, frames) => {
    const peer = await openPeer(echo.port);
    peer.send(...frames);
    expect(await resetOf(peer, 1)).toBe("PROTOCOL_ERROR");
    peer.close();
  });
});

describe("frames of a stream that has ended", () => {
  test("are STREAM_CLOSED after its end", async () => {
    const peer = await openPeer(echo.port);
    peer.send(openCall(1), frame(0, endStream, 1, Buffer.from('{"forMs":20000}')), frame(0, 0, 1, Buffer.alloc(100)));
    expect(await resetOf(peer, 1)).toBe("STREAM_CLOSED");
    peer.close();
  });

  test("are ignored for a while after the server has reset it", async () => {
    const peer = await openPeer(echo.port);
    peer.send(
      headers(1, { "Upper-Case": "x" }, endHeaders),
      frame(0, 0, 1, Buffer.alloc(100)),
      ofHeaders(1, headerBlock({ x: "y" })),
    );
    expect(await resetOf(peer, 1)).toBe("PROTOCOL_ERROR");
    peer.send(headers(3));
    await peer.find(({ type, id }) => type === frameTypes.headers && id === 3);
    expect(peer.frames.filter(({ type }) => type === frameTypes.reset)).toHaveLength(1);
    peer.close();
  });
});

describe("windows", () => {
  const say = (id: number) => headers(id, { ":method": "POST", ":path": "/api/echo/say" }, endHeaders);
  const text = "x".repeat(100_000);
  const whole = (peer: RawPeer, id: number) =>
    Buffer.concat(peer.frames.filter((one) => one.type === frameTypes.data && one.id === id).map((one) => one.payload));

  test("of a stream and of the connection hold the body back, and their updates let it go on", async () => {
    const peer = await openPeer(echo.port, Buffer.concat([opening, settingsFrame([4, 30_000])]));
    const body = Buffer.from(JSON.stringify({ text }));
    peer.send(say(1));
    for (let from = 0; from < body.length; from += 10_000) {
      const isLast = from + 10_000 >= body.length;
      peer.send(frame(frameTypes.data, isLast ? endStream : 0, 1, body.subarray(from, from + 10_000)));
      await sleep(5);
    }
    await until(() => whole(peer, 1).length === 30_000);
    await sleep(50);
    expect(whole(peer, 1)).toHaveLength(30_000);
    peer.send(frame(frameTypes.windowUpdate, 0, 1, word(70_000)));
    await until(() => whole(peer, 1).length === 65_535);
    peer.send(frame(frameTypes.windowUpdate, 0, 0, word(1_000_000)));
    peer.send(frame(frameTypes.windowUpdate, 0, 1, word(1_000_000)));
    await peer.find(({ type, id, flags }) => type === frameTypes.data && id === 1 && (flags & endStream) !== 0);
    expect(JSON.parse(whole(peer, 1).toString())).toMatchObject({ ok: true, echo: { text } });
    peer.close();
  });

  test("of the connection holds two bodies back, and its update alone lets both go on", async () => {
    const peer = await openPeer(echo.port);
    // Each fits into the window of its stream, and both do not fit into that of the connection.
    const textOf = (id: number) => String(id).repeat(60_000);
    for (const id of [1, 3]) {
      const body = Buffer.from(JSON.stringify({ text: textOf(id) }));
      peer.send(
        say(id),
        many(4, (n) => frame(0, n === 3 ? endStream : 0, id, body.subarray(n * 16_000, (n + 1) * 16_000))),
      );
    }
    const sent = () => whole(peer, 1).length + whole(peer, 3).length;
    await until(() => sent() === 65_535);
    peer.send(frame(frameTypes.windowUpdate, 0, 0, word(1_000)));
    await until(() => sent() === 66_535);
    peer.send(frame(frameTypes.windowUpdate, 0, 0, word(1_000_000)));
    for (const id of [1, 3]) {
      await peer.find((one) => one.type === frameTypes.data && one.id === id && (one.flags & endStream) !== 0);
      expect(JSON.parse(whole(peer, id).toString())).toMatchObject({ echo: { text: textOf(id) } });
    }
    peer.close();
  });

  test("of a stream: more is FLOW_CONTROL_ERROR", async () => {
    const held = await startEcho({ admit: () => new Promise(() => undefined) });
    const peer = await openPeer(held.port);
    peer.send(
      openCall(1),
      many(5, () => frame(frameTypes.data, 0, 1, Buffer.alloc(16_384))),
    );
    expect(await resetOf(peer, 1)).toBe("FLOW_CONTROL_ERROR");
    peer.close();
    await held.server.close(0);
  });

  test("of the connection: more is FLOW_CONTROL_ERROR", async () => {
    const held = await startEcho({ admit: () => new Promise(() => undefined) });
    const peer = await openPeer(held.port);
    const one = (n: number) =>
      Buffer.concat([openCall(2 * n + 1), many(3, () => frame(frameTypes.data, 0, 2 * n + 1, Buffer.alloc(16_384)))]);
    peer.send(many(23, one));
    expect(await peer.closed()).toBe("FLOW_CONTROL_ERROR");
    await held.server.close(0);
  });
});

describe("a peer that takes its time", () => {
  const limits = { writeTimeoutMs: 400, headersTimeoutMs: 300, requestTimeoutMs: 300 };
  let slow: EchoServer;
  beforeAll(async () => {
    slow = await startEcho({ limits });
  });
  afterAll(() => slow.server.close(0));

  test.each([
    ["says nothing after the preface", opening.subarray(0, 24)],
    ["sends half of the preface", opening.subarray(0, 10)],
    ["sends half of a frame", opening.subarray(0, opening.length - 2)],
    ["does not end a header block", Buffer.concat([opening, headers(1, {}, 0)])],
  ])("is cut off when it %s", async (_what, bytes) => {
    const peer = await openPeer(slow.port, bytes);
    await peer.closed();
  });

  test("has its stream reset when its body does not end", async () => {
    const peer = await openPeer(slow.port);
    peer.send(openCall(1), frame(frameTypes.data, 0, 1, Buffer.from("{")));
    expect(await resetOf(peer, 1)).toBe("CANCEL");
    peer.close();
  });

  test("has its stream reset when it opens no window", async () => {
    const peer = await openPeer(slow.port, Buffer.concat([opening, settingsFrame([4, 0])]));
    peer.send(headers(1));
    expect(await resetOf(peer, 1)).toBe("CANCEL");
    peer.close();
  });

  test("cannot take a long answer byte by byte", async () => {
    const peer = await openPeer(echo.port, Buffer.concat([opening, settingsFrame([4, 0])]));
    const body = Buffer.from(JSON.stringify({ text: "x".repeat(10_000) }));
    peer.send(headers(1, { ":method": "POST", ":path": "/api/echo/say" }, endHeaders), frame(0, endStream, 1, body));
    peer.send(many(10_000, () => frame(frameTypes.windowUpdate, 0, 1, word(1))));
    expect(await peer.closed()).toBe("ENHANCE_YOUR_CALM");
  });

  test("loses its connection when it reads nothing of what it asks for", async () => {
    const peer = await openPeer(slow.port);
    peer.socket.pause();
    const body = Buffer.from(JSON.stringify({ text: "x".repeat(60_000) }));
    const windows = frame(frameTypes.windowUpdate, 0, 0, word(1_000_000_000));
    peer.send(settingsFrame([4, 1_000_000_000]), windows);
    const say = (id: number) =>
      Buffer.concat([
        headers(id, { ":method": "POST", ":path": "/api/echo/say" }, endHeaders),
        many(4, (n) => frame(0, n === 3 ? endStream : 0, id, body.subarray(n * 16_000, (n + 1) * 16_000))),
      ]);
    const closed = new Promise((resolve) => peer.socket.once("close", resolve));
    for (let n = 0; n < 1_000 && !peer.socket.destroyed; n++) {
      peer.send(say(2 * n + 1));
      await sleep(1);
    }
    peer.socket.resume();
    await closed;
    await othersAreServed();
  });
});

describe("more than the server takes at once is REFUSED_STREAM:", () => {
  test("streams", async () => {
    const few = await startEcho({ limits: { maxConcurrentStreams: 3 } });
    const peer = await openPeer(few.port);
    peer.send(...[1, 3, 5, 7].map(openCall));
    expect(await resetOf(peer, 7)).toBe("REFUSED_STREAM");
    peer.close();
    await few.server.close(0);
  });

  test("headers of all streams together", async () => {
    const few = await startEcho({ limits: { maxSessionHeaderBytes: 3_000 } });
    const peer = await openPeer(few.port);
    const call = (id: number) => Buffer.concat([headers(id, { ":method": "POST", x: "y".repeat(1_300) }, endHeaders)]);
    peer.send(call(1), call(3), call(5));
    expect(await resetOf(peer, 5)).toBe("REFUSED_STREAM");
    peer.send(frame(frameTypes.reset, 0, 1, word(8)), call(7), frame(0, endStream, 7, nothing));
    await peer.find(({ type, id }) => type === frameTypes.headers && id === 7);
    peer.close();
    await few.server.close(0);
  });

  test("streams after the last GOAWAY of a server that stops; those before it are answered", async () => {
    const going = await startEcho();
    const peer = await openPeer(going.port);
    peer.send(openCall(1));
    const closing = going.server.close(5_000);
    await peer.find(({ type }) => type === frameTypes.ping);
    // A call that was under way when the server began to stop.
    peer.send(openCall(3), frame(frameTypes.data, endStream, 3, Buffer.from("{}")));
    const isLast = ({ type, payload }: { type: number; payload: Buffer }) =>
      type === frameTypes.goaway && payload.readUInt32BE(0) !== 2 ** 31 - 1;
    expect((await peer.find(isLast)).payload.readUInt32BE(0)).toBe(3);
    peer.send(openCall(5));
    expect(await resetOf(peer, 5)).toBe("REFUSED_STREAM");
    peer.send(frame(frameTypes.data, endStream, 1, Buffer.from("{}")));
    for (const id of [1, 3]) {
      await peer.find((one) => one.type === frameTypes.headers && one.id === id);
    }
    // It is not answered any more, and does no harm.
    peer.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)), openCall(7));
    expect(await peer.closed()).toBe("NO_ERROR");
    await closing;
    expect(going.faults).toEqual([]);
  });
});
