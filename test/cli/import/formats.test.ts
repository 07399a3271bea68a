import { crc32c } from "../../../src/cli/import/crc32c.ts";
import type { ImportFormat, ImportOptions } from "../../../src/cli/import/index.ts";
import { parse, type Told, toldBriefly } from "./outcome.ts";

type Row = readonly [format: string, input: string, options: ImportOptions, expected: Partial<Told>];

const base64 = (text: string) => Buffer.from(text).toString("base64");
const version = (name: string, value: string, crc = crc32c(Buffer.from(value))) =>
  JSON.stringify({
    name: `projects/1/secrets/${name}/versions/2`,
    payload: { data: base64(value), dataCrc32c: `${crc}` },
  });

const kv2 = (data: string, metadata: string) =>
  `{"request_id":"r","lease_id":"","data":{"data":${data},\n"metadata":{"version":3,${metadata}}}}`;

const rows: readonly Row[] = [
  [
    "vault-kv2",
    kv2('{"user":"u","n":1e2,"o":{ "p": [1.0] },"e":""}', '"destroyed":false,"deletion_time":""'),
    { path: "secret/app/" },
    {
      entries: ["secret/app/user = u @1", "secret/app/n = 1e2 @1", 'secret/app/o = { "p": [1.0] } @1'],
      skipped: ["empty secret/app/e @1"],
      warnings: ["json_kept secret/app/o @1"],
    },
  ],
  [
    "vault-kv2",
    kv2("null", '"destroyed":false,"deletion_time":"2026-01-01T00:00:00Z"'),
    { path: "a" },
    { skipped: ["deleted a @1"] },
  ],
  ["vault-kv2", kv2("null", '"destroyed":true,"deletion_time":""'), {}, { skipped: ["deleted data @1"] }],
  ["vault-kv1", '{"request_id":"r","data":{"a":"x","b":true}}', {}, { entries: ["a = x @1", "b = true @1"] }],
  ["vault-kv1", '{"request_id":"r","data":null}', {}, { refused: ["no_value @1"] }],
  ["gcloud", version("A", "x"), {}, { entries: ["A = x @1"] }],
  ["gcloud", `[${version("A", "x")},\n${version("B", "y")}]`, {}, { entries: ["A = x @1", "B = y @2"] }],
  [
    "gcloud",
    `${version("A", "x")}\n${version("B", "y", 7)}\n{"name":"projects/1/secrets/C"}\n`,
    {},
    { entries: ["A = x @1"], refused: ["bad_checksum B @2", "no_value C @3"] },
  ],
  [
    "gcloud",
    `[{"name":"projects/1/locations/l/secrets/A/versions/1","payload":{"data":"_-7_fw=="}},
{"name":"projects/1/secrets/B/versions/1","payload":{"data":"w7_Dvw"}},
{"name":"projects/1/secrets/C/versions/1","payload":{"data":"w7/Dvw=="}},
{"name":"projects/1/secrets/D/versions/1","payload":{"data":"*"}}]`,
    {},
    { entries: ["B = ÿÿ @2", "C = ÿÿ @3"], refused: ["not_text A @1", "not_text D @4"] },
  ],
  [
    "infisical",
    `[{"key":"A","value":"x","workspace":"w","type":"shared","secretPath":"/"},
{"key":"B","value":"y","workspace":"w","type":"shared","secretPath":"/app/db"},
{"key":"C","value":"z","workspace":"w","type":"personal"},{"key":"D"},{}]`,
    {},
    {
      entries: ["A = x @1", "app/db/B = y @2"],
      skipped: ["personal C @3"],
      warnings: ["slash_dropped app/db/B @2"],
      refused: ["no_value D @3", "not_an_entry @3"],
    },
  ],
  [
    "infisical",
    `[{"key":"A","value":"x","workspace":"w","secretPath":"/a/"},{"key":"A","value":"x","workspace":"w","secretPath":"b"},
{"key":"A","value":"x","workspace":"w","secretPath":"//c"},{"key":"A","value":"x","workspace":"w","secretPath":""}]`,
    {},
    {
      entries: ["a/A = x @1", "b/A = x @1", "A = x @2"],
      warnings: ["slash_dropped a/A @1", "slash_dropped /c/A @2"],
      refused: ["bad_name /c/A @2"],
    },
  ],
  [
    "infisical",
    '[{"key":"A","value":"x","workspace":"w","secretPath":"/a"}]',
    { strict: true },
    { refused: ["slash_dropped a/A @1"] },
  ],
  [
    "doppler",
    '{"A":"x","DOPPLER_PROJECT":"p","DOPPLER_CONFIG":"c"}',
    {},
    { entries: ["A = x @1"], skipped: ["metadata DOPPLER_PROJECT @1", "metadata DOPPLER_CONFIG @1"] },
  ],
  [
    "doppler",
    '{"A":{"computed":"x","raw":"$B","note":""},"DOPPLER_PROJECT":{"computed":"p"},"C":{"computed":null}}',
    {},
    { entries: ["A = x @1"], skipped: ["metadata DOPPLER_PROJECT @1", "empty C @1"] },
  ],
  [
    "aws-sm",
    `{"SecretValues":[{"ARN":"a","Name":"/app/db","SecretString":"{\\"u\\":1}"},
{"ARN":"b","Name":"B","SecretBinary":"${base64("bin")}"},{"ARN":"c","Name":"C","SecretBinary":"/w=="},{"ARN":"d","Name":"D"}],
"Errors":[{"SecretId":"E","ErrorCode":"x"}],"NextToken":"t"}`,
    {},
    {
      entries: ['app/db = {"u":1} @1', "B = bin @2"],
      warnings: ["slash_dropped app/db @1", "incomplete @3"],
      refused: ["not_text C @2", "no_value D @2", "no_value E @3"],
    },
  ],
  [
    "aws-sm",
    '{"ARN":"a","Name":"A","SecretString":"{\\"u\\":1.0,\\"o\\":{\\"p\\": 2}}"}',
    { expandJson: true },
    { entries: ["A/u = 1.0 @1", 'A/o = {"p": 2} @1'], warnings: ["json_kept A/o @1"] },
  ],
  ["aws-sm", '{"ARN":"a","Name":"A","SecretString":"{x"}', { expandJson: true }, { entries: ["A = {x @1"] }],
  [
    "1password",
    `{"id":"i","title":"DB","vault":{"id":"v","name":"V"},"sections":[{"id":"s","label":"prod"}],"fields":[
{"id":"username","type":"STRING","label":"username","value":"u"},
{"id":"password","type":"CONCEALED","label":"password","value":"p"},
{"id":"x","section":{"id":"s"},"type":"CONCEALED","label":"token","value":"t"},
{"id":"o","type":"OTP","label":"otp","value":"q"},{"id":"e","type":"CONCEALED","label":"none"}]}`,
    {},
    {
      entries: ["DB/password = p @3", "DB/prod/token = t @4"],
      skipped: ["not_concealed DB/username @2", "not_concealed DB/otp @5", "empty DB/none @5"],
    },
  ],
  [
    "1password",
    '[{"title":"DB","vault":{},"fields":[{"type":"STRING","label":"u","value":"x"},{"type":"OTP","label":"o","value":"q"}]},{"title":"L","vault":{}}]',
    { allFields: true },
    { entries: ["DB/u = x @1"], skipped: ["not_concealed DB/o @1"], refused: ["no_value L @1"] },
  ],
  [
    "k8s",
    `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"${base64("x")}","b":"${base64("old")}","c":"/w=="},
"stringData":{"b":"new"}}`,
    {},
    { entries: ["s/a = x @1", "s/b = new @2"], refused: ["not_text s/c @1"] },
  ],
  [
    "k8s",
    `# made by hand
apiVersion: v1
kind: Secret
metadata:
  name: s
data:
  a: ${base64("x")}
  z: ENC[AES256_GCM,data:x]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: m
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: t
---
apiVersion: v1
kind: Secret
metadata:
  name: none
`,
    {},
    {
      entries: ["s/a = x @7"],
      skipped: ["not_a_secret m @10", "empty none @20"],
      refused: ["encrypted s/z @8", "encrypted t @15"],
    },
  ],
  [
    "k8s",
    `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"eA=="}}]}`,
    {},
    { entries: ["s/a = x @1"] },
  ],
  [
    "zsc",
    '{"zsc":"export","version":1,"count":2,"secrets":[{"name":"A","value":"op://x","receipt":{}}]}',
    {},
    { entries: ["A = op://x @1"], warnings: ["incomplete @1"] },
  ],
  ["zsc", '{"zsc":"export","version":2,"secrets":[]}', {}, { refused: ["not_supported @1"] }],
  ["zsc", "age-encryption.org/v1\n-> X25519 x\n", {}, { refused: ["encrypted @1"] }],
  ["zsc", "-----BEGIN AGE ENCRYPTED FILE-----\n", {}, { refused: ["encrypted @1"] }],
];

describe("the formats of other vaults", () => {
  test.each(rows)("%s: %s", (format, input, options, expected) => {
    expect(parse(input, options).format).toBe(format);
    expect(toldBriefly(input, options)).toEqual(expected);
  });

  test.each([
    ["a.env", "name,value\nA,1\n", "not_an_entry"],
    ["-", "name,value\nA,1\n", "not_supported"],
    ["a.csv", "A=1\n", "not_supported"],
    ["a.toml", "A = 1\n", "not_supported"],
    ["-", "[section]\nA=1\n", "not_supported"],
    ["a.json", "A=1\n", "not_json"],
  ])("%s: %j is refused", (fileName, input, why) => {
    const format = fileName === "a.env" ? { format: "env" as const } : {};
    expect(parse(input, { fileName, ...format }).refused[0]?.why).toBe(why);
  });

  test.each<[ImportFormat, string, string]>([
    ["json", '[{"name":"A","value":"x","boundZid":"Y","boundZid":"Z"}]', "duplicate A @1"],
    ["vault-kv1", '{"request_id":"r","data":{},"data":{"a":"x"}}', "duplicate @1"],
    ["vault-kv2", '{"request_id":"r","data":{"data":{},"metadata":{"version":1},"data":{}}}', "duplicate @1"],
    ["gcloud", '{"name":"projects/1/secrets/A","payload":{"data":"eA==","data":"eQ=="}}', "duplicate A @1"],
    ["infisical", '[{"key":"A","value":"x","workspace":"w","type":"shared","type":"personal"}]', "duplicate A @1"],
    ["aws-sm", '{"SecretValues":[],"SecretValues":[]}', "duplicate @1"],
    ["aws-sm", '{"ARN":"a","Name":"A","SecretString":"x","Name":"A"}', "duplicate @1"],
    ["aws-sm", '{"SecretValues":[{"Name":"A","SecretString":"x","SecretString":"y"}]}', "duplicate A @1"],
    ["1password", '{"title":"T","vault":{},"fields":[],"fields":[]}', "duplicate T @1"],
    [
      "1password",
      '{"title":"T","vault":{},"fields":[{"label":"a","type":"X","type":"CONCEALED"}]}',
      "duplicate T/a @1",
    ],
    ["k8s", '{"apiVersion":"v1","kind":"List","items":[],"items":[{"kind":"Secret"}]}', "duplicate @1"],
    ["k8s", '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{},"data":{}}', "duplicate s @1"],
    ["k8s", "a: &a {data: {}}\nb: 1\n", "not_an_entry @1"],
    ["k8s", "kind: Secret\nmetadata: &m {name: s}\n<<: *m\n", "not_supported s @3"],
    ["zsc", '{"zsc":"export","version":1,"secrets":[],"secrets":[]}', "duplicate @1"],
  ])("%s: %s is refused, since readers disagree", (format, input, refused) => {
    expect(toldBriefly(input, { format })).toEqual({ refused: [refused] });
  });

  test("--format overrules what would be recognised", () => {
    const input = '{"A":"x","DOPPLER_PROJECT":"p"}';
    expect(parse(input, { format: "json" })).toMatchObject({ format: "json", entries: [{ name: "A" }, {}] });
    expect(parse("kind: Secret\napiVersion: v1\n", { format: "yaml" }).entries).toHaveLength(2);
  });

  test("a manifest inside a value of a .env file is a value", () => {
    const input = "A='\napiVersion: v1\nkind: Secret\n'\n";
    expect(toldBriefly(input)).toEqual({ entries: ["A = \napiVersion: v1\nkind: Secret\n @1"] });
  });

  test.each([
    ["", 0],
    ["123456789", 0xe3069283],
  ])("CRC32C of %j", (text, expected) => expect(crc32c(Buffer.from(text))).toBe(expected));
});
