import { loadConfig } from "../../src/config/load.ts";
import { jwtSecret, masterKey, problemsOf, production, useFolder } from "./config-fixtures.ts";

const folder = useFolder();

describe("a secret in a file", () => {
  test.each(["", "\n", "\r\n"])("is read, with %j at its end", (end) => {
    const config = loadConfig({
      ZSC_MASTER_KEY_FILE: folder.write("master.key", masterKey + end),
      ZSC_JWT_SECRET_FILE: folder.write("jwt.secret", jwtSecret + end),
      ZSC_DATABASE_URL_FILE: folder.write("database.url", `sqlite:/srv/zsc.db${end}`),
    });
    expect([config.masterKey.text(), config.jwt.secret.text()]).toEqual([masterKey, jwtSecret]);
    expect(config.database).toEqual({ kind: "sqlite", path: "/srv/zsc.db" });
    expect(config.warnings).toEqual([]);
  });

  test("keeps all but one newline at its end", () => {
    const env = { ...production, ZSC_JWT_SECRET: undefined };
    const config = loadConfig({ ...env, ZSC_JWT_SECRET_FILE: folder.write("jwt.secret", ` ${jwtSecret} \n\n`) });
    expect(config.jwt.secret.text()).toBe(` ${jwtSecret} \n`);
  });

  test("cannot be given twice", () => {
    const env = { ...production, ZSC_MASTER_KEY_FILE: folder.write("master.key", masterKey) };
    expect(problemsOf(() => loadConfig(env))).toEqual([
      "ZSC_MASTER_KEY and ZSC_MASTER_KEY_FILE are both set: set one of them",
    ]);
  });

  test("is named with its path when it cannot be read", () => {
    const env = { ...production, ZSC_MASTER_KEY: undefined, ZSC_MASTER_KEY_FILE: folder.path("absent") };
    expect(problemsOf(() => loadConfig(env))).toEqual([
      `ZSC_MASTER_KEY_FILE names a file that cannot be read: ${folder.path("absent")} (ENOENT)`,
    ]);
  });

  test("is named when it is a folder, or larger than any secret", () => {
    const env = { ...production, ZSC_MASTER_KEY: undefined };
    const [isFolder] = problemsOf(() => loadConfig({ ...env, ZSC_MASTER_KEY_FILE: folder.path("") }));
    const large = folder.write("large", "x".repeat(1_048_577));
    const [isLarge] = problemsOf(() => loadConfig({ ...env, ZSC_MASTER_KEY_FILE: large }));
    expect(isFolder).toMatch(/^ZSC_MASTER_KEY_FILE names a file that cannot be read: .* \(EISDIR\)$/);
    expect(isLarge).toMatch(/^ZSC_MASTER_KEY_FILE names a file that cannot be read: .* \(larger than 1 MiB\)$/);
  });

  test.each([masterKey, "mysql://u:canary@h/d", "-----BEGIN PRIVATE KEY-----"])(
    "is not quoted when it stands where its path belongs: %s",
    (value) => {
      const [problem] = problemsOf(() => loadConfig({ ...production, ZSC_MASTER_KEY: "", ZSC_MASTER_KEY_FILE: value }));
      expect(problem).toContain("ZSC_MASTER_KEY_FILE names a file that cannot be read");
      expect(problem).not.toContain(value);
    },
  );

  test("is named by the twin when it is wrong, and not quoted", () => {
    const env = { ...production, ZSC_MASTER_KEY: "", ZSC_MASTER_KEY_FILE: folder.write("master.key", "canary") };
    expect(problemsOf(() => loadConfig(env))).toEqual([
      "ZSC_MASTER_KEY_FILE must be exactly 64 hex digits (openssl rand -hex 32)",
    ]);
  });

  test("is warned about when every user can read it", () => {
    const path = folder.write("jwt.secret", jwtSecret, 0o644);
    const config = loadConfig({ ...production, ZSC_JWT_SECRET: "", ZSC_JWT_SECRET_FILE: path });
    expect(config.warnings).toEqual([
      { setting: "ZSC_JWT_SECRET_FILE", message: `every user of this machine can read ${path}` },
    ]);
  });
});
