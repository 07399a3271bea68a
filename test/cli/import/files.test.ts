import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ImportFormat, type ImportOptions, parseImport } from "../../../src/cli/import/index.ts";
import { type Told, toldBriefly } from "./outcome.ts";

type Row = readonly [file: string, format: ImportFormat, expected: Partial<Told>, options?: ImportOptions];

/** As the tools write them. */
const rows: readonly Row[] = [
  [
    "app.env",
    "env",
    {
      entries: [
        "DATABASE_URL = postgres://billing:pw@db:5432/billing?sslmode=require @2",
        "STRIPE_KEY = sk_test_4eC39Hq @3",
        "COLOUR = #ff8800 @4",
        "GREETING = Hello $USER @5",
        "TLS_KEY = -----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n @6",
      ],
      skipped: ["empty EMPTY @10"],
      warnings: ["hash_kept COLOUR @4"],
    },
  ],
  [
    "tree.json",
    "json",
    {
      entries: [
        "billing/db/user = billing @3",
        "billing/db/port = 5432 @3",
        "billing/debug = false @4",
        "serial = 12345678901234567890 @6",
      ],
    },
  ],
  ["bws.json", "json", { entries: ["SES_KEY = 0.982492bc-7f37-4475-9e60 @2"] }],
  [
    "app.yaml",
    "yaml",
    {
      entries: [
        ...["billing/country = NO @3", "billing/pin = 0123 @4", "billing/since = 2026-11-27 @5"],
        ...["billing/key = line 1\nline 2\n @6", "billing/password = päss @9", "billing/again = päss @10"],
      ],
      skipped: ["empty nothing @11"],
    },
  ],
  [
    "vault-kv2.json",
    "vault-kv2",
    {
      entries: ["secret/billing/password = pw @8", 'secret/billing/pool = { "max": 10 } @9'],
      warnings: ["json_kept secret/billing/pool @9"],
    },
    { path: "secret/billing" },
  ],
  ["vault-kv1.json", "vault-kv1", { entries: ["password = pw @7", "user = billing @8"] }],
  ["gcloud.json", "gcloud", { entries: ["billing-db = pw?>>? @1"] }],
  [
    "infisical.json",
    "infisical",
    {
      entries: ["billing/DB_PASSWORD = pw @2"],
      skipped: ["personal billing/DB_PASSWORD @12"],
      warnings: ["slash_dropped billing/DB_PASSWORD @2"],
    },
  ],
  [
    "doppler.json",
    "doppler",
    {
      entries: ["DB_PASSWORD = pw @2"],
      skipped: ["DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT", "DOPPLER_PROJECT"].map((name) =>
        expect.stringContaining(name),
      ),
    },
  ],
  [
    "aws-sm.json",
    "aws-sm",
    {
      entries: ["billing/db/username = billing @3", "billing/db/password = pw @3"],
      warnings: ["slash_dropped billing/db @3"],
    },
    { expandJson: true },
  ],
  [
    "1password.json",
    "1password",
    {
      entries: [
        expect.stringContaining("Billing/password = pw @"),
        expect.stringContaining("Billing/replica/password = pw2 @"),
      ],
      skipped: [
        expect.stringContaining("not_concealed Billing/notesPlain"),
        expect.stringContaining("Billing/username"),
      ],
    },
  ],
  ["k8s.yaml", "k8s", { entries: ["billing-db/password = pw @5", "billing-token/token = t1\nt2 @13"] }],
  ["zsc.json", "zsc", { entries: [expect.stringContaining("billing/db = pw\n @")] }],
];

describe("a file of each format", () => {
  test.each(rows.map((row) => [row[0], row[1], row] as const))(
    "%s is recognised as %s and read",
    (file, format, row) => {
      const [, , expected, options = {}] = row;
      const bytes = readFileSync(join(__dirname, "files", file));
      expect(parseImport(bytes, { ...options, fileName: file }).format).toBe(format);
      expect(toldBriefly(bytes, { ...options, fileName: file })).toEqual(expected);
    },
  );
});
