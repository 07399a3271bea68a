import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { BatchReadRequestSchema } from "#gen/zsc/v1/zeq_context_pb.js";
import { SetRequestSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import { hasMoreFields } from "../../src/transport/framings/item-count.ts";
import { EchoRequestSchema } from "../gen/test/echo/v1/echo_pb.js";
import { type EchoServer, startEcho } from "./echo-server.ts";

const most = 100;
const set = (init: MessageInitShape<typeof SetRequestSchema>) =>
  toBinary(SetRequestSchema, create(SetRequestSchema, init));
/** A field that no request of ours knows, so many times. */
const unknown = (times: number, write: (writer: BinaryWriter) => void) => {
  const writer = new BinaryWriter();
  for (let i = 0; i < times; i++) {
    write(writer);
  }
  return writer.finish();
};

describe("a message of more fields than it may have is found out before it is decoded", () => {
  test.each<[string, Uint8Array]>([
    ["a list", toBinary(BatchReadRequestSchema, create(BatchReadRequestSchema, { names: Array(200).fill("") }))],
    ["a number", unknown(101, (writer) => writer.tag(900, WireType.Varint).uint32(1))],
    ["eight bytes", unknown(101, (writer) => writer.tag(900, WireType.Bit64).fixed64(1n))],
    ["four bytes", unknown(101, (writer) => writer.tag(900, WireType.Bit32).fixed32(1))],
    ["bytes", unknown(101, (writer) => writer.tag(900, WireType.LengthDelimited).string(""))],
    ["groups in each other", unknown(101, (writer) => writer.tag(900, WireType.StartGroup))],
    [
      "groups behind each other",
      unknown(60, (writer) => writer.tag(900, WireType.StartGroup).tag(900, WireType.EndGroup)),
    ],
  ])("%s", (_what, bytes) => {
    expect(hasMoreFields(BatchReadRequestSchema, bytes, most)).toBe(true);
  });

  test("a list in a message inside, and the same message again and again", () => {
    expect(hasMoreFields(SetRequestSchema, set({ permissions: { zids: Array(200).fill("") } }), most)).toBe(true);
    const again = Buffer.concat(Array(60).fill(set({ permissions: { zids: ["a"] } })));
    expect(hasMoreFields(SetRequestSchema, again, most)).toBe(true);
  });
});

test("what a field holds is not counted", () => {
  const value = "x".repeat(60_000);
  expect(
    hasMoreFields(SetRequestSchema, set({ name: "a", value, permissions: { zids: Array(90).fill("x") } }), most),
  ).toBe(false);
  expect(hasMoreFields(SetRequestSchema, set({ permissions: { zids: Array(99).fill("x") } }), most)).toBe(false);
  expect(hasMoreFields(SetRequestSchema, set({ permissions: { zids: Array(100).fill("x") } }), most)).toBe(true);
});

test("any bytes are counted or not well-formed, and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), (bytes) => {
      try {
        expect(typeof hasMoreFields(SetRequestSchema, bytes, 20)).toBe("boolean");
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});

describe("a message with more fields than a server takes", () => {
  let echo: EchoServer;
  beforeAll(async () => {
    echo = await startEcho({ limits: { maxMessageItems: 10 } });
  });
  afterAll(() => echo.server.close(0));

  const say = (words: number) =>
    fetch(`http://127.0.0.1:${echo.port}/test.echo.v1.EchoService/Echo`, {
      method: "POST",
      headers: { "content-type": "application/proto" },
      body: toBinary(EchoRequestSchema, create(EchoRequestSchema, { words: Array(words).fill("w") })),
    });

  test("is refused before it is decoded, and one with as many is taken", async () => {
    expect((await say(10)).status).toBe(200);
    const refused = await say(11);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { code: "invalid_argument", message: "the message has too many fields (>10)" },
    ]);
  });
});
