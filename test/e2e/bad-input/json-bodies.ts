import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { grpcJsClient } from "../support/rpc-clients.ts";
import { freshName, metadataOf, newSecret } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

const envelope = (error: string) => JSON.stringify({ ok: false, error });

/** Bodies that are JSON in a strange way, or no JSON in a clever one. */
export function jsonBodies(vault: () => Vault): void {
  const set = async (body: unknown) => {
    const { status, text } = await vault().send("POST", "/api/zsc/set", { body });
    return [status, text];
  };

  test.each([
    ["in an unknown field", (deep: string) => `{"name":"deep","value":"v","extra":${deep}}`, 200, ""],
    ["as the value", (deep: string) => `{"name":"deep","value":${deep}}`, 400, "value must be a string"],
    ["as the name", (deep: string) => `{"name":${deep},"value":"v"}`, 400, "name must be a string"],
    ["among the permissions", (deep: string) => `{"name":"deep","value":"v","permissions":[${deep}]}`, 200, ""],
    ["as the whole body", (deep: string) => deep, 400, "body must be a JSON object"],
  ])("an array nested 1,000 and 100,000 deep %s", async (_where, bodyWith, status, error) => {
    for (const depth of [1_000, 100_000]) {
      const body = bodyWith("[".repeat(depth) + "]".repeat(depth));
      expect(await set(body)).toEqual([status, status === 200 ? '{"ok":true,"name":"deep"}' : envelope(error)]);
    }
  });

  test("objects nested 1,000 deep are a body like any other", async () => {
    const body = `${'{"name":'.repeat(1_000)}1${"}".repeat(1_000)}`;
    expect(await set(body)).toEqual([400, envelope("name must be a string")]);
  });

  test("of a repeated key the last counts", async () => {
    const [first, last] = [freshName("twice"), freshName("twice")];
    const body = `{"name":"${first}","name":"${last}","value":7,"value":"v","purposeTag":"a","purposeTag":"b"}`;
    expect(await set(body)).toEqual([200, JSON.stringify({ ok: true, name: last })]);
    expect((await metadataOf(vault(), last)).purpose_tag).toBe("b");
    expect((await vault().send("GET", `/api/zsc/info/${first}`)).status).toBe(404);
    expect(await set(`{"name":"${last}","value":"v","value":null}`)).toEqual([400, envelope("value must be a string")]);
  });

  test("__proto__ and constructor are fields like any other unknown one", async () => {
    const name = freshName("proto");
    const body = `{"name":"${name}","value":"v","__proto__":{"boundZid":"ZEQ-EVIL"},"constructor":{"prototype":{}}}`;
    expect(await set(body)).toEqual([200, JSON.stringify({ ok: true, name })]);
    expect((await metadataOf(vault(), name)).bound_zid).toBe("ZEQ-SYS");
    expect(await set(`{"__proto__":{"name":"${name}","value":"v"}}`)).toEqual([400, envelope("name required")]);
  });

  test.each([
    ["name", '{"name":"\\ud800","value":"v"}', "name must be valid Unicode text"],
    ["value", '{"name":"n","value":"x\\udfffy"}', "value must be valid Unicode text"],
    ["purposeTag", '{"name":"n","value":"v","purposeTag":"\\ud83d"}', "purposeTag must be valid Unicode text"],
    ["boundZid", '{"name":"n","value":"v","boundZid":"\\udc00\\ud800"}', "boundZid must be valid Unicode text"],
  ])("a lone surrogate in %s is refused", async (_field, body, error) => {
    expect(await set(body)).toEqual([400, envelope(error)]);
  });

  test("a lone surrogate among the permissions is refused", async () => {
    const [status, text] = await set('{"name":"n","value":"v","permissions":["\\ud800"]}');
    expect([status, text]).toEqual([400, envelope("permission must be valid Unicode text")]);
  });

  test("a surrogate pair is a letter", async () => {
    const name = freshName("pair");
    expect(await set(`{"name":"${name}","value":"\\ud83d\\udd11"}`)).toEqual([200, JSON.stringify({ ok: true, name })]);
    const client = grpcJsClient(vault());
    const token = await vault().token("system", "ZEQ-SYS");
    expect((await client.call(ZeqContext.method.read, { name }, { token })).message?.value).toBe("🔑");
    client.close();
  });

  test("a NUL byte is good in a value and bad in a name", async () => {
    const name = freshName("nul");
    expect(await set(`{"name":"${name}","value":"a\\u0000b"}`)).toEqual([200, JSON.stringify({ ok: true, name })]);
    const refused = envelope("name must not hold control characters or |");
    expect(await set('{"name":"a\\u0000b","value":"v"}')).toEqual([400, refused]);
    expect(await set(Buffer.from('{"name":"a\u0000b","value":"v"}'))).toEqual([
      400,
      envelope("body must be a JSON object"),
    ]);
  });

  test.each([
    ["a byte that begins nothing", [0xff]],
    ["a sequence that breaks off", [0xe2, 0x82]],
    ["a slash in two bytes", [0xc0, 0xaf]],
    ["a surrogate in UTF-8", [0xed, 0xa0, 0x80]],
    ["a code point beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
  ])("a body with %s is not UTF-8 and refused", async (_what, bytes) => {
    const body = Buffer.concat([Buffer.from('{"name":"n","value":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(await set(body)).toEqual([400, envelope("body must be a JSON object")]);
  });

  test("a body in UTF-16 is refused", async () => {
    const body = Buffer.from('\ufeff{"name":"n","value":"v"}', "utf16le");
    expect(await set(body)).toEqual([400, envelope("body must be a JSON object")]);
  });

  test.each(["-1", "1.5", '"abc"', "9223372036854775808", '"9223372036854775808"', "9007199254740992", "1e400"])(
    "expiresZeqond %s is refused",
    async (expiresZeqond) => {
      const error = "expiresZeqond must be an integer from 0 to 9007199254740991";
      expect(await set(`{"name":"n","value":"v","expiresZeqond":${expiresZeqond}}`)).toEqual([400, envelope(error)]);
    },
  );

  test.each(["true", "{}", "[]", '""', '" 1"', '"1.0"', '"1e3"', '"0x10"', '"18446744073709551616"', "NaN"])(
    "expiresZeqond %s is refused too",
    async (expiresZeqond) => {
      const [status, text] = await set(`{"name":"n","value":"v","expiresZeqond":${expiresZeqond}}`);
      expect(status).toBe(400);
      expect(text).toMatch(/^\{"ok":false,"error":"(expiresZeqond must be an integer from 0 to|body must be)/);
    },
  );

  test("the largest value is 65,536 bytes, in letters of one, two, three and four bytes", async () => {
    for (const [letter, bytes] of [
      ["v", 1],
      ["ü", 2],
      ["鍵", 3],
      ["🔑", 4],
    ] as const) {
      const name = await newSecret(vault());
      const most = letter.repeat(Math.floor(65_536 / bytes)) + "v".repeat(65_536 % bytes);
      expect(Buffer.byteLength(most)).toBe(65_536);
      expect(await set({ name, value: most })).toEqual([200, JSON.stringify({ ok: true, name })]);
      expect(await set({ name, value: `${most}v` })).toEqual([400, envelope("value too large (>64KB)")]);
    }
  });

  test("the largest body is 1 MiB", async () => {
    const name = freshName("padded");
    const body = JSON.stringify({ name, value: "v" });
    const padded = (length: number) => body + " ".repeat(length - body.length);
    expect(await set(padded(1_048_576))).toEqual([200, JSON.stringify({ ok: true, name })]);
    expect(await set(padded(1_048_577))).toEqual([413, envelope("request too large")]);
    expect(await set(padded(8_000_000))).toEqual([413, envelope("request too large")]);
  });
}
