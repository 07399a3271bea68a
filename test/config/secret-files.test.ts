import { execFileSync, spawn } from "node:child_process";
import { resolve } from "node:path";
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

  test("keeps the blanks around it", () => {
    const env = { ...production, ZSC_JWT_SECRET: undefined };
    const config = loadConfig({ ...env, ZSC_JWT_SECRET_FILE: folder.write("jwt.secret", ` ${jwtSecret} \n`) });
    expect(config.jwt.secret.text()).toBe(` ${jwtSecret} `);
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

  test.each([
    [0o644, "every user of this machine"],
    [0o604, "every user of this machine"],
    [0o640, "its group"],
  ])("is warned about when its mode is %o", (mode, who) => {
    const path = folder.write("jwt.secret", jwtSecret, mode);
    const config = loadConfig({ ...production, ZSC_JWT_SECRET: "", ZSC_JWT_SECRET_FILE: path });
    expect(config.warnings).toEqual([
      { setting: "ZSC_JWT_SECRET_FILE", message: `${who} can read ${path}: chmod 600 ${path}` },
    ]);
  });

  test("is read from a pipe, and no further than a secret can be long", () => {
    const pipe = folder.path("pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", 'printf %s "$1" > "$2"', "sh", jwtSecret, pipe]);
    const env = { ...production, ZSC_JWT_SECRET: "" };
    expect(loadConfig({ ...env, ZSC_JWT_SECRET_FILE: pipe }).jwt.secret.text()).toBe(jwtSecret);
    writer.kill();
    expect(problemsOf(() => loadConfig({ ...env, ZSC_JWT_SECRET_FILE: "/dev/zero" }))).toEqual([
      expect.stringMatching(/larger than 1 MiB/),
    ]);
  });
});

const utf8 = (text: string) => Buffer.from(text, "utf8");
const word = "canary-of-thirty-two-bytes-and-more";
/** Bytes that no secret and no PEM may hold, with what is said of them. */
const unreadable: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["a byte that is no UTF-8", Buffer.concat([utf8(word), Buffer.of(0xff)]), /is not UTF-8/],
  ["nothing but such bytes", Buffer.alloc(48, 0x80), /is not UTF-8/],
  ["a character that is cut off", Buffer.concat([utf8(word), utf8("\u00e9").subarray(0, 1)]), /is not UTF-8/],
  ["an overlong form", Buffer.concat([utf8(word), Buffer.of(0xc0, 0xaf)]), /is not UTF-8/],
  ["half of a pair of surrogates", Buffer.concat([utf8(word), Buffer.of(0xed, 0xa0, 0x80)]), /is not UTF-8/],
  ["a byte order mark", utf8(`\uFEFF${word}`), /byte order mark/],
  ["UTF-16, little endian", Buffer.from(`\uFEFF${word}`, "utf16le"), /UTF-16/],
  ["UTF-16, big endian", Buffer.from(`\uFEFF${word}`, "utf16le").swap16(), /UTF-16/],
  ["UTF-16 without its mark", Buffer.from(word, "utf16le"), /NUL/],
  ["a NUL in it", utf8(`${word}\0${word}`), /NUL/],
  ["a NUL at its end", utf8(`${word}\0`), /NUL/],
];
const severalLines = ["\n", "\r\n", "\r", "\v", "\f", "\u0085", "\u2028", "\u2029"];
const secretNames = ["ZSC_MASTER_KEY", "ZSC_JWT_SECRET", "ZSC_DATABASE_URL"] as const;

describe("a secret that is no line of text", () => {
  const cases = secretNames.flatMap((name) =>
    unreadable.map(([what, bytes, why]) => [name, what, bytes, why] as const),
  );

  test.each(cases)("is refused in %s_FILE: %s", (name, _what, bytes, why) => {
    const env = { ...production, [name]: "", [`${name}_FILE`]: folder.writeBytes("secret", bytes) };
    const problems = problemsOf(() => loadConfig(env));
    expect(problems).toEqual([expect.stringMatching(why)]);
    expect(problems[0]).toMatch(new RegExp(`^${name}_FILE names a file`));
    expect(problems[0]).not.toContain("canary");
  });

  const lines = secretNames.flatMap((name) => severalLines.map((end) => [name, end] as const));

  test.each(lines)("is refused in %s and its file with %j in it", (name, lineBreak) => {
    const text = `${production[name]}${lineBreak}${production[name]}`;
    const inFile = { ...production, [name]: "", [`${name}_FILE`]: folder.write("secret", `${text}\n`) };
    expect(problemsOf(() => loadConfig(inFile))).toEqual([`${name}_FILE must be one line: it holds a line break`]);
    expect(problemsOf(() => loadConfig({ ...production, [name]: text }))).toEqual([
      `${name} must be one line: it holds a line break`,
    ]);
  });

  test("is refused when two newlines end its file, since one of them would be part of it", () => {
    const path = folder.write("jwt.secret", `${jwtSecret}\n\n`);
    expect(problemsOf(() => loadConfig({ ...production, ZSC_JWT_SECRET: "", ZSC_JWT_SECRET_FILE: path }))).toEqual([
      "ZSC_JWT_SECRET_FILE must be one line: it holds a line break",
    ]);
  });

  test("is refused in the environment when its bytes were no UTF-8", () => {
    // Node has made U+FFFD of them by the time that anybody can look.
    const program = `
      import { loadConfig } from ${JSON.stringify(resolve("src/config/load.ts"))};
      try { loadConfig(process.env); } catch (error) { console.log(error.message); }`;
    const shell = 'ZSC_JWT_SECRET="$(printf \'%s\\377\' "$ZSC_JWT_SECRET")" exec "$0" --input-type=module --eval "$1"';
    const said = execFileSync("bash", ["-c", shell, process.execPath, program], {
      env: { PATH: process.env["PATH"], LC_ALL: "C", ...production },
      encoding: "utf8",
    });
    expect(said).toMatch(/ZSC_JWT_SECRET is not UTF-8/);
    expect(said).not.toContain("canary");
  });

  test.each(["ZSC_JWT_ISSUER", "ZSC_DATA_DIR", "ZSC_TLS_CERT_FILE", "ZSC_CALLER_AUDIENCE"])(
    "neither may %s be what was no UTF-8",
    (name) => {
      expect(problemsOf(() => loadConfig({ ...production, [name]: "x\uFFFD" }))).toContainEqual(
        expect.stringMatching(new RegExp(`^${name} is not UTF-8`)),
      );
    },
  );

  test("has its length counted in bytes", () => {
    const load = (text: string) => loadConfig({ ...production, ZSC_JWT_SECRET: text }).jwt.secret.bytes.length;
    expect(load("\u00e9a".repeat(11))).toBe(33);
    expect(problemsOf(() => load("\u00e9a".repeat(10)))).toHaveLength(1);
  });
});

describe("a PEM file", () => {
  test.each(unreadable)("is refused when it holds %s", (_what, bytes, why) => {
    const path = folder.writeBytes("pem", bytes);
    const tls = { ZSC_TLS_CERT_FILE: path, ZSC_TLS_KEY_FILE: path };
    const ca = { ZSC_DATABASE_URL: `mysql://zsc:x@db.example/vault?ca=${path}` };
    expect(problemsOf(() => loadConfig({ ...production, ...tls }))).toEqual([
      expect.stringMatching(why),
      expect.stringMatching(why),
    ]);
    expect(problemsOf(() => loadConfig({ ...production, ...ca }))).toEqual([expect.stringMatching(why)]);
  });
});

describe("a key that nobody drew at random", () => {
  test.each([
    ["ZSC_MASTER_KEY", "0".repeat(64)],
    ["ZSC_MASTER_KEY", "aA".repeat(32)],
    ["ZSC_JWT_SECRET", "x".repeat(40)],
    ["ZSC_JWT_SECRET", "\u{1F511}".repeat(12)],
  ])("is refused in %s: one character repeated", (name, text) => {
    const problem = expect.stringMatching(/must not be one character repeated/);
    expect(problemsOf(() => loadConfig({ ...production, [name]: text }))).toEqual([problem]);
  });
});
