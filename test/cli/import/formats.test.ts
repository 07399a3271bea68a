import { parseImport } from "../../../src/cli/import/parse.ts";

/** A file of each format, and the rules of all: people.md, section 5. */
describe("a file of secrets", () => {
  const parse = (text: string | object, options: object = {}) => {
    const bytes = Buffer.from(typeof text === "string" ? text : JSON.stringify(text));
    const { format, entries, skipped, warnings, refused } = parseImport(bytes, { file: "-", ...options });
    const whys = (remarks: readonly { name?: string; why: string }[]) =>
      remarks.map(({ name, why }) => `${why} ${name ?? ""}`.trim());
    return {
      format,
      entries: Object.fromEntries(entries.map(({ name, value }) => [name, value])),
      skipped: whys(skipped),
      warnings: whys(warnings),
      refused: whys(refused),
    };
  };
  const clean = { skipped: [], warnings: [], refused: [] };

  test("json: objects are joined, and numbers and booleans are as they are written", () => {
    expect(parse('{"a":"x","b":{"c":1.50e3,"d":true,"e":{"f":"y"}},"big":12345678901234567890}')).toEqual({
      format: "json",
      entries: { a: "x", "b/c": "1.50e3", "b/d": "true", "b/e/f": "y", big: "12345678901234567890" },
      ...clean,
    });
  });

  test("json: a list of names and values, with what is beside them", () => {
    const list = [
      { name: "a", value: "1", purposeTag: "t", boundZid: "Z", permissions: ["P"], expiresZeqond: null },
      { key: "b", value: "2" },
    ];
    const { entries } = parseImport(Buffer.from(JSON.stringify({ zsc: "export", version: 1, secrets: list })), {
      file: "-",
    });
    expect(entries).toEqual([
      { name: "a", value: "1", line: 1, purposeTag: "t", boundZid: "Z", permissions: ["P"], expiresZeqond: null },
      { name: "b", value: "2", line: 1 },
    ]);
    expect(parse(list).entries).toEqual({ a: "1", b: "2" });
  });

  test("json: lists, keys that are there twice, and what is empty", () => {
    expect(parse('{"a":[1],"b":"x","b":"y","c":"x","c":"x","d":"","e":null}')).toEqual({
      format: "json",
      entries: { c: "x" },
      skipped: ["empty d", "empty e"],
      warnings: ["duplicate_same c"],
      refused: ["not_text a", "duplicate b"],
    });
    expect(parse('{"b":"x","b":"y"}', { lastWins: true })).toMatchObject({
      entries: { b: "y" },
      warnings: ["duplicate_last b"],
    });
  });

  test.each([
    ['{"a":1,}', "not_json 1"],
    ['{\n"a":1\n', "not_json 3"],
    ["[1 2]", "not_json 1"],
    ['{"a":"\n"}', "not_json 1"],
    [`${'{"a":'.repeat(101)}1${"}".repeat(101)}`, "too_deep 1"],
    ["[".repeat(100_000), "too_deep 1"],
  ])("json: %.20s… is refused with its line", (text, refused) => {
    const found = parseImport(Buffer.from(text), { file: "-" });
    expect(found.refused.map(({ why, line }) => `${why} ${line}`)).toEqual([refused]);
    expect(found.entries).toEqual([]);
  });

  test("vault-kv2 and vault-kv1: the path is given, objects stay JSON, deleted versions are skipped", () => {
    const second = {
      request_id: "r",
      data: { data: { user: "u", extra: { a: 1 } }, metadata: { version: 2, deletion_time: "" } },
    };
    expect(parse(second, { path: "app" })).toEqual({
      format: "vault-kv2",
      entries: { "app/user": "u", "app/extra": '{"a":1}' },
      ...clean,
      warnings: ["json_kept app/extra"],
    });
    const deleted = { request_id: "r", data: { data: null, metadata: { deletion_time: "2026-01-01T00:00:00Z" } } };
    expect(parse(deleted, { path: "app" })).toMatchObject({ entries: {}, skipped: ["deleted app"] });
    expect(parse({ request_id: "r", data: { user: "u" } }, { path: "app" })).toMatchObject({
      format: "vault-kv1",
      entries: { "app/user": "u" },
    });
  });

  test("gcloud: base64 of both alphabets, and the checksum", () => {
    const version = (id: string, data: string, dataCrc32c?: string) => ({
      name: `projects/1/secrets/${id}/versions/2`,
      payload: { data, ...(dataCrc32c && { dataCrc32c }) },
    });
    // CRC-32C of "123456789" is the check value of the catalogue.
    const good = version("nine", Buffer.from("123456789").toString("base64"), String(0xe306_9283));
    const text = [
      good,
      version("url", Buffer.from("~~~???").toString("base64url")),
      version("bad", "YQ==", "1"),
      version("bytes", "/w=="),
    ];
    expect(parse(text.map((each) => JSON.stringify(each)).join("\n"))).toEqual({
      format: "gcloud",
      entries: { nine: "123456789", url: "~~~???" },
      ...clean,
      refused: ["bad_checksum bad", "not_text bytes"],
    });
    expect(parse([good, { name: "projects/1/secrets/none/versions/1" }])).toMatchObject({
      entries: { nine: "123456789" },
      refused: ["no_value none"],
    });
  });

  test("infisical, doppler, aws-sm, 1password and k8s", () => {
    expect(
      parse([
        { workspace: "w", secretKey: "A", secretValue: "1", secretPath: "/app/x", type: "shared" },
        { workspace: "w", secretKey: "B", secretValue: "2", secretPath: "/", type: "personal" },
      ]),
    ).toMatchObject({ format: "infisical", entries: { "app/x/A": "1" }, skipped: ["personal B"] });
    expect(parse({ DOPPLER_PROJECT: "p", A: "1" })).toMatchObject({
      format: "doppler",
      entries: { A: "1" },
      skipped: ["metadata DOPPLER_PROJECT"],
    });
    expect(parse({ A: { raw: "${B}", computed: "1" } })).toMatchObject({ format: "doppler", entries: { A: "1" } });
    expect(
      parse({
        SecretValues: [
          { ARN: "a", Name: "/app/db", SecretString: '{"u":"x","p":1}' },
          { ARN: "b", Name: "bin", SecretBinary: "eA==" },
        ],
        Errors: [{ SecretId: "gone" }],
        NextToken: "t",
      }),
    ).toMatchObject({
      format: "aws-sm",
      entries: { "app/db": '{"u":"x","p":1}', bin: "x" },
      warnings: ["slash_dropped app/db"],
      refused: ["no_value gone", "incomplete"],
    });
    expect(parse({ ARN: "a", Name: "db", SecretString: '{"u":"x","p":1}' }, { expandJson: true }).entries).toEqual({
      "db/u": "x",
      "db/p": "1",
    });
    const item = {
      ...{ title: "Login", vault: { id: "v" } },
      fields: [
        { label: "password", type: "CONCEALED", value: "p", section: { label: "db" } },
        { label: "user", type: "STRING", value: "u" },
        { label: "otp", type: "OTP", value: "o" },
      ],
    };
    expect(parse(item)).toMatchObject({
      format: "1password",
      entries: { "Login/db/password": "p" },
      skipped: ["not_concealed Login/user", "not_concealed Login/otp"],
    });
    expect(parse(item, { allFields: true }).entries).toEqual({ "Login/db/password": "p", "Login/user": "u" });
    expect(parse([{ title: "List", vault: {} }])).toMatchObject({ refused: ["no_value List"] });
    const secret = {
      kind: "Secret",
      metadata: { name: "app" },
      data: { a: "eA==", b: "eQ==" },
      stringData: { b: "z" },
    };
    expect(parse({ kind: "List", items: [secret] })).toMatchObject({
      format: "k8s",
      entries: { "app/b": "z", "app/a": "x" },
    });
    expect(parse({ kind: "SealedSecret", metadata: { name: "s" } })).toMatchObject({
      format: "k8s",
      refused: ["encrypted s"],
    });
  });

  test("rules of all: names, sizes, ciphertext, references, final line breaks", () => {
    const entries = {
      "a//b": "1",
      "../x": "1",
      "a|b": "1",
      ["n".repeat(256)]: "1",
      big: "x".repeat(65_537),
      fits: "x".repeat(65_536),
      sops: "ENC[AES256_GCM,data:x]",
      dotenvx: "encrypted:abc",
      op: "op://v/i/f",
      zsc: "zsc://other",
      line: "x\n",
      lines: "x\ny\n",
    };
    const found = parse(entries);
    expect(Object.keys(found.entries)).toEqual(["fits", "line", "lines"]);
    expect(found.warnings).toEqual(["newline_kept line"]);
    expect(found.refused).toEqual([
      ...["bad_name a//b", "bad_name ../x", "bad_name a|b", `bad_name ${"n".repeat(256)}`],
      ...["too_large big", "encrypted sops", "encrypted dotenvx", "reference op", "reference zsc"],
    ]);
    expect(parse('{"a":"\\ud800"}').refused).toEqual(["not_text a"]);
  });

  test("a prefix precedes each name, and --strict makes warnings refusals", () => {
    expect(parse("A=1\nB=x#y\nDOPPLER_CONFIG=c\nC=", { prefix: "app/" })).toEqual({
      format: "env",
      entries: { "app/A": "1", "app/B": "x#y" },
      skipped: ["metadata app/DOPPLER_CONFIG", "empty app/C"],
      warnings: ["hash_kept app/B"],
      refused: [],
    });
    expect(parse("A=1\nB=x#y", { strict: true })).toMatchObject({
      entries: { A: "1" },
      warnings: [],
      refused: ["hash_kept B"],
    });
  });

  test.each(["a.csv", "a.yaml", "a.toml"])("%s is not read, and the way is said", (file) => {
    expect(() => parseImport(Buffer.from("a,b\n"), { file })).toThrow(/not_supported|YAML/);
  });

  test("no remark holds a value", () => {
    const text = '{"a":["hunter2"],"b":"op://hunter2","c|":"hunter2"}';
    const { skipped, warnings, refused } = parseImport(Buffer.from(text), { file: "-" });
    expect(JSON.stringify([skipped, warnings, refused])).not.toContain("hunter2");
  });
});
