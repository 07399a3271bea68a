import { existsSync, statSync } from "node:fs";
import { inspect } from "node:util";
import { ConfigError } from "../../src/config/config-error.ts";
import { loadConfig, loadDatabaseConfig, loadTokenConfig } from "../../src/config/load.ts";
import { jwtSecret, masterKey, problemsOf, production, useFolder } from "./config-fixtures.ts";

const folder = useFolder();

describe("a configuration for production", () => {
  test("has defaults for all but the secrets and the database", () => {
    const config = loadConfig(production);
    expect(config).toMatchObject({
      mode: "production",
      listen: { host: "127.0.0.1", port: 7777 },
      dataDir: ".zsc",
      logLevel: "info",
      jwt: { issuer: "zsc", audience: "zsc" },
      callMs: 20_000,
      shutdownMs: 10_000,
      warnings: [],
    });
    expect([config.tls, config.callers]).toEqual([undefined, undefined]);
    expect([config.masterKey.text(), config.jwt.secret.text()]).toEqual([masterKey, jwtSecret]);
  });

  test("requires a vault when it is told to, with 1", () => {
    expect(loadConfig(production).requireVault).toBe(false);
    expect(loadConfig({ ...production, ZSC_REQUIRE_VAULT: "0" }).requireVault).toBe(false);
    expect(loadConfig({ ...production, ZSC_REQUIRE_VAULT: "1" }).requireVault).toBe(true);
    for (const value of ["true", "yes", "2", " 1"]) {
      expect(problemsOf(() => loadConfig({ ...production, ZSC_REQUIRE_VAULT: value }))).toEqual([
        "ZSC_REQUIRE_VAULT must be one of 0, 1",
      ]);
    }
  });

  test("limits the calls of an address, as it is told or not at all", () => {
    expect(loadConfig(production)).toMatchObject({
      rateLimit: { perSecond: 100, burst: 200 },
      authRateLimit: { perSecond: 1, burst: 5 },
      trustedProxies: [],
    });
    const off = { ...production, ZSC_RATE_LIMIT: "off", ZSC_AUTH_RATE_LIMIT: "off" };
    expect(loadConfig(off)).toMatchObject({ rateLimit: null, authRateLimit: null });
    const told = { ...production, ZSC_RATE_LIMIT: "7/9", ZSC_TRUSTED_PROXIES: "10.0.0.1, ::1" };
    expect(loadConfig(told)).toMatchObject({
      rateLimit: { perSecond: 7, burst: 9 },
      trustedProxies: ["10.0.0.1", "::1"],
    });
    for (const value of ["7", "0/9", "7/0", "7/9 ", "-1/2", "Off", "1e3/1"]) {
      expect(problemsOf(() => loadConfig({ ...production, ZSC_AUTH_RATE_LIMIT: value }))).toEqual([
        "ZSC_AUTH_RATE_LIMIT must be calls a second and at once, such as 100/200, or off",
      ]);
    }
  });

  test("is the mode when none is asked for", () => {
    expect(loadConfig({ ...production, ZSC_MODE: undefined }).mode).toBe("production");
  });

  test("names all missing secrets together", () => {
    expect(problemsOf(() => loadConfig({}))).toEqual([
      expect.stringMatching(/^ZSC_MASTER_KEY, ZSC_JWT_SECRET, ZSC_DATABASE_URL must be set in production/),
    ]);
  });

  test("takes an empty value as not set", () => {
    const [problem] = problemsOf(() => loadConfig({ ...production, ZSC_JWT_SECRET: "", ZSC_LISTEN: "" }));
    expect(problem).toMatch(/^ZSC_JWT_SECRET must be set in production/);
  });

  test("warns when it listens to the network without TLS", () => {
    const { warnings } = loadConfig({ ...production, ZSC_LISTEN: "0.0.0.0:7777" });
    expect(warnings).toEqual([{ setting: "ZSC_LISTEN", message: expect.stringContaining("in the clear") }]);
  });
});

describe("a configuration for development", () => {
  test("makes its keys, private to their owner, and finds them again", () => {
    const env = { ZSC_MODE: "development", ZSC_DATA_DIR: folder.path("data") };
    const first = loadConfig(env);
    const second = loadConfig({ ZSC_DATA_DIR: folder.path("data") }, { mode: "development" });
    expect(first.database).toEqual({ kind: "sqlite", path: folder.path("data/zsc.db") });
    expect(second.masterKey.text()).toBe(first.masterKey.text());
    expect(second.jwt.secret.text()).toBe(first.jwt.secret.text());
    expect(first.masterKey.text()).toMatch(/^[0-9a-f]{64}$/);
    expect(first.jwt.secret.text()).not.toBe(first.masterKey.text());
    expect(statSync(folder.path("data")).mode & 0o777).toBe(0o700);
    for (const file of ["data/master.key", "data/jwt.secret"]) {
      expect(statSync(folder.path(file)).mode & 0o777).toBe(0o600);
    }
  });

  test("takes no secret of production: it would sign an admin's token with it, or write to that database", () => {
    const env = { ...production, ZSC_MODE: undefined, ZSC_DATA_DIR: folder.path("data") };
    const refusal = (names: string) => expect.stringMatching(new RegExp(`^${names} must not be set in development`));
    const problemsWith = (load: typeof loadConfig | typeof loadTokenConfig | typeof loadDatabaseConfig) =>
      problemsOf(() => load(env, { mode: "development" }));
    expect(problemsWith(loadConfig)).toEqual([refusal("ZSC_MASTER_KEY, ZSC_JWT_SECRET, ZSC_DATABASE_URL")]);
    expect(problemsWith(loadTokenConfig)).toEqual([refusal("ZSC_JWT_SECRET")]);
    expect(problemsWith(loadDatabaseConfig)).toEqual([refusal("ZSC_DATABASE_URL")]);
    expect(existsSync(folder.path("data"))).toBe(false);
  });

  test("makes nothing while a setting is wrong", () => {
    const env = { ZSC_DATA_DIR: folder.path("data"), ZSC_LOG_LEVEL: "loud" };
    expect(() => loadConfig(env, { mode: "development" })).toThrow(ConfigError);
    expect(existsSync(folder.path("data"))).toBe(false);
  });

  test.each(["0.0.0.0:7777", "[::]:7777", "192.168.1.2:7777", "example.org:7777"])(
    "does not listen on %s",
    (listen) => {
      const env = { ZSC_MODE: "development", ZSC_LISTEN: listen, ZSC_DATA_DIR: folder.path("data") };
      expect(problemsOf(() => loadConfig(env))).toEqual([
        expect.stringMatching(/^ZSC_LISTEN must be a loopback address in development/),
      ]);
    },
  );

  test("is refused when the command line and ZSC_MODE contradict each other", () => {
    expect(problemsOf(() => loadConfig(production, { mode: "development" }))).toEqual([
      expect.stringMatching(/^ZSC_MODE contradicts the command line/),
    ]);
  });
});

describe("wrong settings", () => {
  test("are all named at once, with what to do", () => {
    const problems = problemsOf(() =>
      loadConfig({
        ZSC_MODE: "prod",
        ZSC_LISTEN: "7777",
        ZSC_DATABASE_URL: "postgres://u:canary@h/d",
        ZSC_MASTER_KEY: "canary",
        ZSC_JWT_SECRET: "canary",
        ZSC_TLS_CERT_FILE: folder.path("absent.pem"),
        ZSC_CALLER_JWKS_URL: "http://issuer.example/canary",
        ZSC_LOG_LEVEL: "loud",
        ZSC_SHUTDOWN_SECONDS: "-1",
        ZSC_LISTN: "x",
      }),
    );
    expect(problems).toEqual([
      "ZSC_LISTN is no setting: did you mean ZSC_LISTEN?",
      "ZSC_MODE must be one of development, production",
      "ZSC_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent",
      "ZSC_LISTEN must be host:port, such as 127.0.0.1:7777 or [::1]:7777",
      "ZSC_MASTER_KEY must be exactly 64 hex digits (openssl rand -hex 32)",
      "ZSC_JWT_SECRET must be at least 32 bytes long (openssl rand -base64 48)",
      "ZSC_DATABASE_URL must be mysql://user:password@host:port/database or sqlite:path",
      "ZSC_TLS_KEY_FILE must be set too, or neither of ZSC_TLS_*_FILE",
      `ZSC_TLS_CERT_FILE names a file that cannot be read: ${folder.path("absent.pem")} (ENOENT)`,
      "ZSC_CALLER_ISSUER, ZSC_CALLER_AUDIENCE must be set too, or none of ZSC_CALLER_*",
      "ZSC_CALLER_JWKS_URL must be an https: URL (http: on loopback only)",
      "ZSC_SHUTDOWN_SECONDS must be a whole number of seconds, 0 to 3600",
    ]);
    expect(problems.join("\n")).not.toContain("canary");
  });

  test("stand in the message, a line each", () => {
    expect(() => loadConfig({ ...production, ZSC_LOG_LEVEL: "loud", ZSC_LISTEN: "x" })).toThrow(
      /^the configuration is not usable:\n {2}- ZSC_LOG_LEVEL must .*\n {2}- ZSC_LISTEN must .*$/,
    );
  });

  test.each([
    ["ZSC_MASTERKEY", "ZSC_MASTERKEY is no setting: did you mean ZSC_MASTER_KEY?"],
    ["ZSC_JWT_SECRET_FIEL", "ZSC_JWT_SECRET_FIEL is no setting: did you mean ZSC_JWT_SECRET_FILE?"],
    ["ZSC_MOED", "ZSC_MOED is no setting: did you mean ZSC_MODE?"],
    ["ZSC_LISTNE", "ZSC_LISTNE is no setting: did you mean ZSC_LISTEN?"],
    ["ZSC_TLS_CERT", "ZSC_TLS_CERT is no setting: did you mean ZSC_TLS_CERT_FILE?"],
    ["ZSC_PORT", "ZSC_PORT is no setting: remove it"],
    ["ZSC_HOST", "ZSC_HOST is no setting: remove it"],
    ["ZSC_X", "ZSC_X is no setting: remove it"],
    ["ZSC_SOMETHING_ENTIRELY_ELSE", "ZSC_SOMETHING_ENTIRELY_ELSE is no setting: remove it"],
  ])("include the unknown name %s", (name, problem) => {
    expect(problemsOf(() => loadConfig({ ...production, [name]: "canary" }))).toEqual([problem]);
  });

  test("do not include the service links that Kubernetes sets beside a Service of our name", () => {
    const links = {
      ZSC_SERVICE_HOST: "10.96.0.17",
      ZSC_SERVICE_PORT: "7777",
      ZSC_SERVICE_PORT_GRPC: "7777",
      ZSC_PORT: "tcp://10.96.0.17:7777",
      ZSC_PORT_7777_TCP: "tcp://10.96.0.17:7777",
      ZSC_PORT_7777_TCP_PROTO: "tcp",
      ZSC_PORT_7777_TCP_PORT: "7777",
      ZSC_PORT_7777_TCP_ADDR: "10.96.0.17",
      ZSC_PORT_53_UDP: "udp://[fd00::1]:53",
      ZSC_PORT_53_UDP_ADDR: "fd00::1",
      ZSC_VAULT_SERVICE_HOST: "fd00::1",
      ZSC_LISTEN_PORT: "tcp://10.96.0.17:80",
    };
    const { warnings } = loadConfig({ ...production, ...links });
    expect(warnings).toEqual([
      {
        setting: "ZSC_SERVICE_HOST",
        message: expect.stringMatching(/^service links of Kubernetes are ignored \(12\)/),
      },
    ]);
  });

  test.each([
    ["ZSC_PORT", "7777"],
    ["ZSC_SERVICE_HOST", "vault.internal"],
    ["ZSC_PORT_7777_TCP_PROTO", "7777"],
    ["ZSC_PORT_X_TCP", "tcp://10.96.0.17:7777"],
    ["ZSC_LISTEN_ADDR", "10.96.0.17"],
  ])("include %s=%s, which only looks like a service link", (name, value) => {
    expect(problemsOf(() => loadConfig({ ...production, [name]: value }))).toEqual([
      expect.stringMatching(new RegExp(`^${name} is no setting`)),
    ]);
  });

  test("do not include names for tests, nor those of others", () => {
    expect(problemsOf(() => loadConfig({ ...production, ZSC_TEST_MYSQL: "x", PATH: "/bin", ZSCALER: "x" }))).toEqual(
      [],
    );
  });

  test.each(["x", "1.5", "-1", "1e3", "3601", "99999", " 5"])("include a shutdown time of %j", (seconds) => {
    const problems = problemsOf(() => loadConfig({ ...production, ZSC_SHUTDOWN_SECONDS: seconds }));
    expect(problems).toEqual([expect.stringMatching(/^ZSC_SHUTDOWN_SECONDS must be/)]);
  });

  test.each(["0", "x", "1.5", "-1", "3601", "1e3"])("include a time for calls of %j", (seconds) => {
    const problems = problemsOf(() => loadConfig({ ...production, ZSC_CALL_SECONDS: seconds }));
    expect(problems).toEqual([expect.stringMatching(/^ZSC_CALL_SECONDS must be a whole number of seconds, 1 to 3600/)]);
  });

  test("do not include a time for calls of 1 s and 1 h", () => {
    expect(loadConfig({ ...production, ZSC_CALL_SECONDS: "1" }).callMs).toBe(1_000);
    expect(loadConfig({ ...production, ZSC_CALL_SECONDS: "3600" }).callMs).toBe(3_600_000);
  });

  test("do not include a shutdown time of 0", () => {
    expect(loadConfig({ ...production, ZSC_SHUTDOWN_SECONDS: "0" }).shutdownMs).toBe(0);
  });
});

describe("commands that need only a part", () => {
  test("mint tokens without a master key and a database", () => {
    const config = loadTokenConfig({ ZSC_JWT_SECRET: jwtSecret, ZSC_JWT_ISSUER: "us", ZSC_JWT_AUDIENCE: "them" });
    expect(config.jwt).toMatchObject({ issuer: "us", audience: "them" });
    expect(config.jwt.secret.text()).toBe(jwtSecret);
    expect(problemsOf(() => loadTokenConfig({}))).toEqual([expect.stringMatching(/^ZSC_JWT_SECRET must be set/)]);
  });

  test("mint tokens in development with the secret of the data folder", () => {
    const env = { ZSC_DATA_DIR: folder.path("data"), ZSC_MODE: "development" };
    expect(loadTokenConfig(env).jwt.secret.text()).toBe(loadConfig(env).jwt.secret.text());
  });

  test("read the database without any key, and make none", () => {
    const { database } = loadDatabaseConfig({ ZSC_DATABASE_URL: "sqlite:/srv/zsc.db" });
    expect(database).toEqual({ kind: "sqlite", path: "/srv/zsc.db" });
    loadDatabaseConfig({ ZSC_DATA_DIR: folder.path("data") }, { mode: "development" });
    expect(existsSync(folder.path("data"))).toBe(false);
    expect(problemsOf(() => loadDatabaseConfig({}))).toEqual([expect.stringMatching(/^ZSC_DATABASE_URL must be set/)]);
  });

  test("refuse unknown names all the same", () => {
    const env = { ...production, ZSC_JWT_ISSUR: "x" };
    expect(problemsOf(() => loadTokenConfig(env))).toHaveLength(1);
    expect(problemsOf(() => loadDatabaseConfig(env))).toHaveLength(1);
  });
});

describe("a configuration that is printed", () => {
  test("shows no secret", () => {
    const config = loadConfig(production);
    const printed = [inspect(config, { depth: 9, showHidden: true }), JSON.stringify(config), `${config.masterKey}`];
    for (const secret of [masterKey, jwtSecret, "canary-password"]) {
      expect(printed.join("\n")).not.toContain(secret);
    }
    expect(printed[0]).toContain("masterKey: [redacted]");
    expect(printed[0]).toContain("password: [redacted]");
  });
});
