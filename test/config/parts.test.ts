import type { DatabaseConfig } from "../../src/config/config.ts";
import { isLoopback } from "../../src/config/listen.ts";
import { loadConfig } from "../../src/config/load.ts";
import { problemsOf, production, useFolder } from "./config-fixtures.ts";

const folder = useFolder();

describe("the listening address", () => {
  test.each([
    ["127.0.0.1:7777", { host: "127.0.0.1", port: 7777 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    ["vault.example.org:65535", { host: "vault.example.org", port: 65535 }],
    ["[::1]:7777", { host: "::1", port: 7777 }],
    ["[::]:443", { host: "::", port: 443 }],
  ])("is read: %s", (text, listen) => {
    expect(loadConfig({ ...production, ZSC_LISTEN: text }).listen).toEqual(listen);
  });

  test.each([
    "7777",
    ":7777",
    "localhost",
    "localhost:",
    "::1:7777",
    "[::1]",
    "[::g]:1",
    "a:65536",
    "a:-1",
    "http://a:1",
  ])("is refused: %s", (text) => {
    expect(problemsOf(() => loadConfig({ ...production, ZSC_LISTEN: text }))).toEqual([
      expect.stringMatching(/^ZSC_LISTEN must be host:port/),
    ]);
  });

  test.each([
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["localhost", true],
    ["LOCALHOST", true],
    ["::1", true],
    ["[::1]", true],
    ["0:0:0:0:0:0:0:1", true],
    ["::ffff:127.0.0.1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["128.0.0.1", false],
    ["::ffff:10.0.0.1", false],
    ["localhost.example.org", false],
    ["127.0.0.1.example.org", false],
    ["", false],
  ])("%s is loopback: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

describe("the database", () => {
  function databaseOf(url: string): DatabaseConfig {
    return loadConfig({ ...production, ZSC_DATABASE_URL: url }).database;
  }

  test.each([
    ["sqlite:zsc.db", { kind: "sqlite", path: "zsc.db" }],
    ["sqlite:/srv/zsc/zsc.db", { kind: "sqlite", path: "/srv/zsc/zsc.db" }],
    ["mysql://zsc:pw@db.example:3307/vault", { host: "db.example", port: 3307, user: "zsc", database: "vault" }],
    ["mysql://zsc@[::1]/vault", { host: "::1", port: 3306, user: "zsc", database: "vault" }],
    ["mysql://zsc:pw@db/vault?tls=true", { tls: {} }],
  ])("is read: %s", (url, database) => {
    expect(databaseOf(url)).toMatchObject(database);
  });

  test("has a password of any characters, percent-encoded", () => {
    const password = "p@ss/w:rd#?%ü";
    const database = databaseOf(`mysql://z%40c:${encodeURIComponent(password)}@db/vault`);
    expect(database).toMatchObject({ user: "z@c" });
    expect(database.kind === "mysql" && database.password.text()).toBe(password);
  });

  test("has no TLS unless asked for", () => {
    expect(databaseOf("mysql://zsc:pw@db/vault")).not.toHaveProperty("tls");
    expect(databaseOf("mysql://zsc:pw@db/vault?tls=false")).not.toHaveProperty("tls");
  });

  test("may have authorities of its own", () => {
    const ca = folder.write("ca.pem", "-----BEGIN CERTIFICATE-----");
    expect(databaseOf(`mysql://zsc:pw@db/vault?ca=${encodeURIComponent(ca)}`)).toMatchObject({
      tls: { ca: "-----BEGIN CERTIFICATE-----" },
    });
  });

  test.each([
    "postgres://zsc:canary@db/vault",
    "mysql:zsc:canary@db/vault",
    "mysql://db/vault",
    "mysql://zsc:canary@db",
    "mysql://zsc:canary@db/",
    "mysql://zsc:canary@db/a/b",
    "mysql://zsc:canary@db:99999/vault",
    "mysql://zsc:canary#1@db/vault",
    "mysql://zsc:canary%zz@db/vault",
    "mysql://zsc:canary@db/vault?ssl=true",
    "mysql://zsc:canary@db/vault?tls=canary",
    "mysql://zsc:canary@db/vault?tls=false&ca=x",
    "mysql://zsc:canary@db/vault?ca=/absent/ca.pem",
    "sqlite:",
    "sqlite::memory:",
    "sqlite:///srv/zsc.db",
    "canary",
  ])("is refused and not quoted: %s", (url) => {
    const problems = problemsOf(() => databaseOf(url));
    expect(problems).toEqual([expect.stringMatching(/^ZSC_DATABASE_URL /)]);
    expect(problems.join()).not.toContain("canary");
  });
});

describe("the external issuer of caller tokens", () => {
  const callers = {
    ZSC_CALLER_JWKS_URL: "https://issuer.example/jwks.json",
    ZSC_CALLER_ISSUER: "https://issuer.example",
    ZSC_CALLER_AUDIENCE: "vault",
  };

  test("is read, with sub as the claim of the ZID unless another is set", () => {
    expect(loadConfig({ ...production, ...callers }).callers).toEqual({
      jwksUrl: new URL("https://issuer.example/jwks.json"),
      issuer: "https://issuer.example",
      audience: "vault",
      zidClaim: "sub",
    });
    expect(loadConfig({ ...production, ...callers, ZSC_CALLER_ZID_CLAIM: "zid" }).callers?.zidClaim).toBe("zid");
  });

  test.each(["http://127.0.0.1:8080/jwks", "http://localhost/jwks", "http://[::1]:1/jwks"])(
    "may be asked without TLS on loopback: %s",
    (url) => {
      expect(loadConfig({ ...production, ...callers, ZSC_CALLER_JWKS_URL: url }).callers?.jwksUrl.href).toBe(url);
    },
  );

  test.each([
    "http://issuer.example/jwks",
    "ftp://issuer.example/jwks",
    "file:///jwks",
    "issuer",
    "https://u:p@issuer/",
  ])("is refused: %s", (url) => {
    expect(problemsOf(() => loadConfig({ ...production, ...callers, ZSC_CALLER_JWKS_URL: url }))).toEqual([
      expect.stringMatching(/^ZSC_CALLER_JWKS_URL must/),
    ]);
  });

  test.each(Object.keys(callers))("is refused without %s", (name) => {
    expect(problemsOf(() => loadConfig({ ...production, ...callers, [name]: "" }))).toEqual([
      `${name} must be set too, or none of ZSC_CALLER_*`,
    ]);
  });

  test("is refused when only the claim is set", () => {
    expect(problemsOf(() => loadConfig({ ...production, ZSC_CALLER_ZID_CLAIM: "zid" }))).toHaveLength(1);
  });
});
