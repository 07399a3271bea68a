import { Plaintext } from "../../../src/base/plaintext.ts";
import { setSecret as setOperation } from "../../../src/secrets/set.ts";
import { runBeside } from "../support/beside.ts";
import { metadataOf, setSecret } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

const envelope = (error: string) => JSON.stringify({ ok: false, error });

/** Names that somebody on the way of a path may turn into others. */
const unsafeNames = [
  ...["/", "//", "/a", "a/", "a//b", "a///b", "./a", "a/.", "../a", "a/..", "a/./b", "a/../b", "old/../victim"],
  ...["../../..", "a/../../b", ".//.", "\\..", "a\\..\\b", "a\\../b", "a/..\\b", "..\\victim", "a\\.\\b"],
  ...[
    "%2e%2e",
    "%2E",
    ".%2e",
    "%2e./a",
    "a/%2e%2e/b",
    "a%2F..%2Fb",
    "a%2f%2E%2E%2fb",
    "a%5c..%5Cb",
    "%252e%252e%252fa",
  ],
  ...["a/..;/b", "..;x=1/b", "a/.;", "%2e%2e;x"],
];

/** Names as they stand in bodies and, percent-encoded, in paths. */
export function namesInPathsAndBodies(vault: () => Vault): void {
  test.each([
    ["a slash", "team/db", "team%2Fdb"],
    ["a space", "a b", "a%20b"],
    ["a space at its end", "a ", "a%20"],
    ["a plus", "a+b", "a+b"],
    ["a percent sign", "100%", "100%25"],
    ["what looks percent-encoded", "a%2Fb", "a%252Fb"],
    ["UTF-8", "Schlüssel-鍵-🔑", "Schl%C3%BCssel-%E9%8D%B5-%F0%9F%94%91"],
    ["UTF-8 in lower-case hex", "ü", "%c3%bc"],
    ["letters encoded without need", "plain", "%70lain"],
    ["a question mark and a hash", "a?b#c", "a%3Fb%23c"],
    ["quotes and a backslash", "\"'\\", "%22'%5C"],
    ["three dots", "...", "..."],
    ["dots that are no segment", "a/.b/c./..d/.e./...", "a%2F.b%2Fc.%2F..d%2F.e.%2F..."],
    ["a semicolon", "a;b/c;d", "a%3Bb%2Fc%3Bd"],
    ["255 bytes", `${"ä".repeat(127)}x`, `${"%C3%A4".repeat(127)}x`],
    ["the word list", "list", "list"],
    ["the word set", "set", "set"],
    ["the word info", "info", "info"],
    ["the word audit", "audit", "audit"],
    ["the word probe-permission", "probe-permission", "probe-permission"],
    ["the name of a JavaScript property", "__proto__", "__proto__"],
  ])("a name with %s goes through every call", async (_what, name, segment) => {
    const post = async (path: string, body?: unknown) => (await vault().send("POST", path, { body })).json;
    expect(await post("/api/zsc/set", { name, value: "v" })).toEqual({ ok: true, name });
    const info = await vault().send("GET", `/api/zsc/info/${segment}`);
    expect(info.json).toMatchObject({ ok: true, secret: { name } });
    expect(await post(`/api/zsc/rotate/${segment}`)).toEqual({ ok: true, name, rotated: true });
    expect(await post(`/api/zsc/grant/${segment}`, { zid: "ZEQ-1" })).toMatchObject({ name, permissions: ["ZEQ-1"] });
    expect(await post(`/api/zsc/revoke/${segment}`, { zid: "ZEQ-1" })).toMatchObject({ name, permissions: [] });
    expect(await post("/api/zsc/probe-permission", { name, asZid: "ZEQ-SYS" })).toEqual({ ok: true, granted: true });
    expect((await vault().send("DELETE", `/api/zsc/${segment}`)).json).toEqual({ ok: true, name, deleted: true });
    const audit = await vault().send("GET", `/api/zsc/audit/${segment}`);
    expect(audit.json).toMatchObject({ ok: true, name, count: 6 });
  });

  test("names are compared byte by byte", async () => {
    const names = ["case", "Case", "case ", "cäse", "cäse".normalize("NFD")];
    for (const [index, name] of names.entries()) {
      await setSecret(vault(), { name, purposeTag: `tag ${index}` });
    }
    for (const [index, name] of names.entries()) {
      expect(await metadataOf(vault(), name)).toMatchObject({ name, purpose_tag: `tag ${index}` });
    }
  });

  const control = "name must not hold control characters or |";
  test.each([
    ["256 bytes", "n".repeat(256), "name too long (>255 bytes)"],
    ["256 bytes of UTF-8 in 128 letters", "ä".repeat(128), "name too long (>255 bytes)"],
    ["a NUL byte", "a\u0000b", control],
    ["a line break", "a\nb", control],
    ["a DEL", "a\u007fb", control],
    ["a C1 control character", "a\u0085b", control],
    ["the separator", "a|b", control],
    ["a dot alone", ".", "name must not be . or .."],
    ["two dots alone", "..", "name must not be . or .."],
    ["nothing", "", "name required"],
  ])("refuses a name of %s, in a body and in a path", async (_what, name, error) => {
    const inBody = await vault().send("POST", "/api/zsc/set", { body: { name, value: "v" } });
    expect([inBody.status, inBody.text]).toEqual([400, envelope(error)]);
    const segment = encodeURIComponent(name);
    for (const [method, path] of [
      ["GET", `/api/zsc/info/${segment}`],
      ["GET", `/api/zsc/audit/${segment}`],
      ["POST", `/api/zsc/rotate/${segment}`],
      ["DELETE", `/api/zsc/${segment}`],
    ] as const) {
      const inPath = await vault().send(method, path);
      expect([path.length > 300 ? "" : path, inPath.status, inPath.text]).toEqual([
        path.length > 300 ? "" : path,
        400,
        envelope(error),
      ]);
    }
  });

  const unsafe = envelope("name is not safe in a path");

  test.each(unsafeNames)("does not set %j, of which a proxy can make another name", async (name) => {
    for (const value of ["v", "", 7]) {
      const answer = await vault().send("POST", "/api/zsc/set", { body: { name, value } });
      expect([answer.status, answer.text, answer.receipt]).toEqual([400, unsafe, undefined]);
    }
  });

  test.each(["a/../b", "/a", "a//b/"])(
    "a secret that has the name %j already can be used and deleted",
    async (name) => {
      const post = async (path: string, body?: unknown) => (await vault().send("POST", path, { body })).json;
      const value = Plaintext.fromString("of old");
      await runBeside(vault(), (admin, sealer) => setOperation({ name, value }, admin, sealer));
      const segment = encodeURIComponent(name);
      expect((await vault().send("GET", `/api/zsc/info/${segment}`)).json).toMatchObject({
        ok: true,
        secret: { name },
      });
      expect((await vault().send("GET", "/api/zsc/list")).text).toContain(JSON.stringify(name));
      expect(await post(`/api/zsc/rotate/${segment}`)).toEqual({ ok: true, name, rotated: true });
      expect(await post(`/api/zsc/grant/${segment}`, { zid: "ZEQ-1" })).toMatchObject({ name, permissions: ["ZEQ-1"] });
      expect(await post(`/api/zsc/revoke/${segment}`, { zid: "ZEQ-1" })).toMatchObject({ name, permissions: [] });
      expect(await post("/api/zsc/probe-permission", { name, asZid: "ZEQ-SYS" })).toEqual({ ok: true, granted: true });
      expect((await vault().send("POST", "/api/zsc/set", { body: { name, value: "v" } })).text).toBe(unsafe);
      expect((await vault().send("DELETE", `/api/zsc/${segment}`)).json).toEqual({ ok: true, name, deleted: true });
      expect((await vault().send("GET", `/api/zsc/audit/${segment}`)).json).toMatchObject({ ok: true, name, count: 6 });
    },
  );

  test.each(["%", "%zz", "%c3", "%ff%fe", "%ed%a0%80"])("refuses the percent-encoding %s", async (segment) => {
    const answer = await vault().send("GET", `/api/zsc/info/${segment}`);
    expect([answer.status, answer.text]).toEqual([400, envelope("name is not valid percent-encoding")]);
  });

  test.each(["%2e", "%2e%2e", ".."])("does not walk up for %s", async (segment) => {
    const answer = await vault().send("GET", `/api/zsc/info/${segment}`);
    expect([answer.status, answer.text]).toEqual([400, envelope("name must not be . or ..")]);
  });

  test("the name in the path wins over one in the body", async () => {
    await setSecret(vault(), { name: "in-path" });
    const answer = await vault().send("POST", "/api/zsc/grant/in-path", { body: { name: "in-body", zid: "ZEQ-1" } });
    expect(answer.json).toMatchObject({ name: "in-path" });
  });
}
