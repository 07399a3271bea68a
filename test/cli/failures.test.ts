import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DevelopmentVault, openDevelopmentVault } from "./development-vault.ts";

/** An error is two lines, and with `--json` one line: whatever it is, it says what to do next. */
describe("what a command fails with", () => {
  let vault: DevelopmentVault;
  beforeAll(async () => {
    vault = await openDevelopmentVault();
    const file = (name: string, content: string | Buffer) => writeFileSync(join(vault.folder, name), content);
    file("empty", "");
    file("latin1", Buffer.from([0x61, 0xe4, 0x62]));
    file("large", "x".repeat(70_000));
    file("token", "no token at all\n");
    file("text", "plain text\n");
    file("comments.env", "# nothing\n");
    file("bad.env", "NAME\n");
    file("bad.refs", "A=zsc://%zz\n");
    mkdirSync(join(vault.folder, "folder"));
    await vault.zsc(["context", "set", "there", "--owner", "ZEQ-DEV"], "v");
    await vault.zsc(["context", "set", "PATH", "--owner", "ZEQ-DEV"], "v");
  }, 120_000);
  afterAll(() => vault.close());

  interface Case {
    readonly line: string;
    readonly code: number;
    readonly input?: string;
    readonly env?: Readonly<Record<string, string>>;
  }

  const cases: readonly Case[] = [
    { line: "context lst", code: 2 },
    { line: "context info", code: 2 },
    { line: "context list --limit 0", code: 2 },
    { line: "context list --sort size", code: 2 },
    { line: "context list --timeout soon", code: 2 },
    { line: "context list", code: 2, env: { ZSC_TIMEOUT: "soon" } },
    { line: "context list --dev --no-dev", code: 2 },
    { line: "context list --url https://a.example --profile b", code: 2 },
    { line: "context list --no-dev", code: 2 },
    { line: "context list --profile nobody", code: 2 },
    { line: "context list --url ftp://a.example", code: 2 },
    { line: "context list --url http://a.example", code: 2 },
    { line: "context list --token-file missing", code: 2 },
    { line: "context list --token-file token", code: 2 },
    { line: "context list --token-file folder", code: 2 },
    { line: "context list --url https://127.0.0.1:1 --ca-file missing", code: 3 },
    { line: "context list", code: 2, env: { ZSC_URL: "https://a.example", ZSC_PROFILE: "b" } },
    { line: "context list", code: 2, env: { ZSC_TOKEN: "a.b.c" } },
    { line: "context list", code: 8, env: { ZSC_URL: "http://127.0.0.1:1", ZSC_TOKEN: "a.b.c" } },
    { line: "context list", code: 2, env: { ZSC_DATA_DIR: "folder" } },
    { line: "context info missing", code: 5 },
    { line: "context audit there --since soon", code: 2 },
    { line: "context audit there --type secret_raed", code: 2 },
    { line: "context delete there", code: 2 },
    { line: "context set there --create", code: 6, input: "v" },
    { line: "context set there --if-version 9", code: 6, input: "v" },
    { line: "context set new", code: 2, input: "" },
    { line: "context set new --file missing", code: 2 },
    { line: "context set new --file folder", code: 2 },
    { line: "context set new --file empty", code: 2 },
    { line: "context set new --file latin1", code: 2 },
    { line: "context set new --file large", code: 2 },
    { line: "context set new --file text", code: 2, input: "v" },
    { line: "context set new --expires-in soon", code: 2, input: "v" },
    { line: "context set new --expires-zeqond soon", code: 2, input: "v" },
    { line: "context set new --owner |", code: 2, input: "v" },
    { line: "read missing", code: 5 },
    { line: "read there --as ZEQ-STRANGER", code: 4 },
    { line: "read there --as |", code: 2 },
    { line: "read there --out text", code: 2 },
    { line: "read there --out no/such/folder", code: 2 },
    { line: "run -- true", code: 125 },
    { line: "run --only there -- no-such-command", code: 127 },
    { line: "run --only there -- ./text", code: 126 },
    { line: "run --only there,missing -- true", code: 125 },
    { line: "run --only PATH -- true", code: 125 },
    { line: "run --only there --wait soon -- true", code: 125 },
    { line: "run --refs missing -- true", code: 125 },
    { line: "run --refs bad.refs -- true", code: 125 },
    { line: "run --prefix= -- true", code: 125 },
    { line: "import missing --yes", code: 2 },
    { line: "import comments.env --yes", code: 2 },
    { line: "import comments.env --resume --yes", code: 2 },
    { line: "import comments.env --identity-file text --yes", code: 2 },
    { line: "export --to age1nothing -o out.age", code: 2 },
    { line: "export --plaintext json --yes --only missing -o out.json", code: 5 },
    { line: "login https://vault.example", code: 2 },
    { line: "login https://vault.example --token-stdin", code: 2, input: "no token" },
    { line: "logout --dev", code: 2 },
    { line: "logout --all", code: 3 },
    { line: "whoami --token-file text", code: 2 },
    { line: "user create nobody", code: 2 },
    { line: "user create ann@example.com --zid ZEQ-SYS", code: 2 },
    { line: "user create ann@example.com --password-stdin", code: 2, input: "short" },
    { line: "user create owner@localhost", code: 6 },
    { line: "user disable owner@localhost", code: 4 },
    { line: "user disable nobody@example.com", code: 5 },
    { line: "user set-zid owner@localhost", code: 2 },
    { line: "user delete owner@localhost", code: 2 },
    { line: "user list --no-dev", code: 2 },
    { line: "token --role admin --zid | ", code: 1 },
    { line: "token --role admin --zid A --ttl soon", code: 1 },
    { line: "token --role admin --zid A --no-dev", code: 1 },
    { line: "audit verify --no-dev", code: 2 },
    { line: "audit verify", code: 2, env: { ZSC_DATA_DIR: "folder", ZSC_MODE: "development" } },
    { line: "doctor --server --url https://a.example", code: 2 },
    { line: "pulse", code: 2, input: "context lst\n" },
    { line: "completion tcsh", code: 2 },
  ];

  test.each(cases)(
    "zsc $line ($code, $env)",
    async ({ line, code, input, env }) => {
      const words = line.split(" ").filter((word) => word !== "");
      const config = { XDG_CONFIG_HOME: join(vault.folder, "config"), XDG_STATE_HOME: join(vault.folder, "state") };
      const told = await vault.zsc(words, input, { ...config, ...env });
      expect(told).toMatchObject({ code, stdout: "" });
      // An import says first what it took the file for.
      expect(told.stderr.replace(/^format: env\n.*\n/, "")).toMatch(
        /^(zsc: .+\n(?: {2}- .+\n)*) {2}next: \S.*\n(zsc: stopped at line 1\n)?$/,
      );
      if (words[0] === "completion") {
        return;
      }
      const json = await vault.zsc(["--json", ...words], input, { ...config, ...env });
      expect(json).toMatchObject({ code, stdout: "" });
      const [last = ""] = json.stderr.trimEnd().split("\n").slice(-1);
      const { ok, error, detail, next, exitCode } = JSON.parse(last);
      expect([ok, exitCode]).toEqual([false, code]);
      for (const text of [error, detail, next]) {
        expect([typeof text, text === ""]).toEqual(["string", false]);
      }
      if (!words.includes("--out")) {
        expect(told.stderr).toContain(`\n  next: ${next}\n`);
      }
    },
    60_000,
  );
});
