import fc from "fast-check";
import { parse, toldBriefly } from "./outcome.ts";

/** What stands around a secret, as `vault kv get -format=json` writes it. */
const answer = (data: unknown, leaseSeconds: number) =>
  JSON.stringify(
    {
      ...{ request_id: "5fbf4e5e-9b7a-1a1a-3a35-8e0d7bb4d5e4", lease_id: "", lease_duration: leaseSeconds },
      ...{ renewable: false, data, warnings: null, mount_type: "kv" },
    },
    null,
    2,
  );
const usualLease = 2_764_800;
const metadata = {
  ...{ created_time: "2026-11-20T10:00:00.000000000Z", custom_metadata: null, deletion_time: "" },
  ...{ destroyed: false, version: 2 },
};
const { version: _, ...withoutVersion } = metadata;
const kv1 = (data: unknown, leaseSeconds = usualLease) => answer(data, leaseSeconds);
const kv2 = (data: unknown, about: unknown = metadata) => answer({ data, metadata: about }, 0);

describe("the version of Vault's KV", () => {
  test.each([
    ["the second", kv2({ a: "x" }), "vault-kv2"],
    ["the second, of an old Vault", kv2({ a: "x" }, { ...metadata, custom_metadata: undefined }), "vault-kv2"],
    [
      "the second, with metadata of its own",
      kv2({ a: "x" }, { ...metadata, custom_metadata: { b: "c" } }),
      "vault-kv2",
    ],
    ["the second, without a version", kv2({ a: "x" }, withoutVersion), "vault-kv2"],
    ["the second, with no more than a version", kv2({ a: "x" }, { version: 1 }), "vault-kv2"],
    ["the second, deleted", kv2(null, { ...metadata, deletion_time: "2026-11-21T10:00:00Z" }), "vault-kv2"],
    ["the second, destroyed", kv2(null, { ...metadata, destroyed: true }), "vault-kv2"],
    ["the second, empty", kv2({}), "vault-kv2"],
    ["the second, with keys of these names", kv2({ data: "x", metadata: { version: 1 } }), "vault-kv2"],
    ["the first", kv1({ a: "x" }), "vault-kv1"],
    ["the first, with keys of these names", kv1({ data: "x", metadata: "y" }), "vault-kv1"],
    ["the first, with objects under these names", kv1({ data: { a: "x" }, metadata: { b: "y" } }), "vault-kv1"],
    ["the first, with one more key", kv1({ data: { a: "x" }, metadata: { version: 1 }, more: "z" }, 0), "vault-kv1"],
    ["the first, without a lease", kv1({ a: "x" }, 0), "vault-kv1"],
    ["wrapped", kv1(null, 0), "vault-kv1"],
  ])("%s", (_title, input, format) => {
    expect(parse(input).format).toBe(format);
  });

  test.each([
    ["marks of neither", kv2({ a: "x" }, {})],
    ["no metadata", answer({ data: { a: "x" } }, 0)],
    ["metadata that is null", kv2({ a: "x" }, null)],
    ["no lease at all", JSON.stringify({ request_id: "r", data: { data: { a: "x" }, metadata: { b: "y" } } })],
    ["marks of both", kv1({ data: { a: "x" }, metadata })],
  ])("%s: refused until --format says it", (_title, input) => {
    expect(parse(input)).toMatchObject({ format: undefined, refused: [{ why: "ambiguous_format", line: 1 }] });
    expect(parse(input, { format: "vault-kv2" }).entries).toMatchObject([{ name: "a", value: "x" }]);
    expect(parse(input, { format: "vault-kv1" }).entries.map(({ name }) => name)).toContain("data");
  });

  const anyKey = fc.oneof(
    fc.constantFrom("data", "metadata", "version", "destroyed"),
    fc.stringMatching(/^[a-z]{1,9}$/),
  );
  const flat = fc.dictionary(anyKey, fc.stringMatching(/^[a-z]{1,9}$/));
  const deep = fc.dictionary(anyKey, fc.oneof(fc.constant("x"), flat), { minKeys: 1 });

  test("a secret of the second version is read as it is, whatever it holds", () => {
    fc.assert(
      fc.property(deep, flat, (secret, custom) => {
        const { format, entries } = parse(kv2(secret, { ...metadata, custom_metadata: custom }));
        expect(format).toBe("vault-kv2");
        expect(entries.map(({ name }) => name).sort()).toEqual(Object.keys(secret).sort());
      }),
    );
  });

  test("a secret of the first version is read as it is, or refused as a whole", () => {
    fc.assert(
      fc.property(deep, (secret) => {
        const { format, entries, refused } = parse(kv1(secret));
        const isRefused = refused.some(({ why }) => why === "ambiguous_format");
        expect(format).toBe(isRefused ? undefined : "vault-kv1");
        expect(entries.map(({ name }) => name).sort()).toEqual(isRefused ? [] : Object.keys(secret).sort());
      }),
    );
  });

  test("a key that is there twice is refused, whichever version it is", () => {
    const twice =
      '{"request_id":"r","lease_duration":0,"data":{"data":{"a":"x"},"data":{"b":"y"},"metadata":{"version":1}}}';
    expect(toldBriefly(twice)).toEqual({ refused: ["duplicate @1"] });
    expect(toldBriefly('{"request_id":"r","data":{"a":"x","a":"y"}}')).toEqual({ refused: ["duplicate a @1"] });
  });
});
