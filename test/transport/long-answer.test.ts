import { create, createRegistry, equals, fromBinary, fromJsonString, type Message } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "#gen/google/rpc/error_details_pb.js";
import { BatchReadResponseSchema, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ListResponseSchema, ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import type { Codec } from "../../src/transport/framings/codec.ts";
import { encodeInTurns } from "../../src/transport/framings/long-answer.ts";
import type { UnaryMethod } from "../../src/transport/framings/methods.ts";
import { entriesFieldOf } from "../../src/transport/framings/methods.ts";

const registry = createRegistry(file_google_rpc_error_details);
const list = ZscAdmin.method.list;
const batchRead = ZeqContext.method.batchRead;
const encoders = new Map(
  [list, batchRead].map((method) => {
    const parts: Pick<UnaryMethod, "method" | "registry" | "entriesField"> = {
      method,
      registry,
      entriesField: entriesFieldOf(method.output),
    };
    return [method, parts as UnaryMethod];
  }),
);

function encode(codec: Codec, method: typeof list | typeof batchRead, message: Message, maxBytes = 8_388_608) {
  return encodeInTurns(codec, encoders.get(method) as UnaryMethod, message, maxBytes);
}

const secrets = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `n"${index}`, readCount: 5n }));
const items = (count: number, value: string) =>
  Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    result:
      index % 3 === 0
        ? ({ case: "error", value: { code: 5, message: "no secret of that name" } } as const)
        : ({ case: "secret", value: { name: `n${index}`, value } } as const),
  }));

describe("an answer of many entries, encoded in turns,", () => {
  test.each([
    [
      "with fields beside its list",
      list,
      create(ListResponseSchema, { count: 40, secrets: secrets(40), nextPageToken: "p" }),
    ],
    ["of a list alone", batchRead, create(BatchReadResponseSchema, { items: items(40, "\u0001 🔑") })],
    ["of several turns", batchRead, create(BatchReadResponseSchema, { items: items(40, "a".repeat(65_536)) })],
  ] as const)("%s is the same message", async (_name, method, message) => {
    const binary = fromBinary(method.output, (await encode("proto", method, message)) as Uint8Array);
    const text = Buffer.from((await encode("json", method, message)) as Uint8Array).toString("utf8");
    for (const decoded of [binary, fromJsonString(method.output, text, { registry })]) {
      expect(equals(method.output, decoded, message as typeof decoded)).toBe(true);
    }
  });

  test("is refused over its bound, before the rest is encoded", async () => {
    const message = create(BatchReadResponseSchema, { items: items(40, "a".repeat(65_536)) });
    await expect(encode("proto", batchRead, message, 1_000_000)).rejects.toThrow("the answer is too large");
  });

  test("lets other work in between", async () => {
    const message = create(BatchReadResponseSchema, { items: items(100, "a".repeat(65_536)) });
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await encode("json", batchRead, message);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(5);
  });

  test("of few entries is encoded at once", () => {
    expect(encode("proto", list, create(ListResponseSchema, { secrets: secrets(3) }))).toBeUndefined();
  });
});
