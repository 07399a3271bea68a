import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DevelopmentVault, openDevelopmentVault } from "./development-vault.ts";

const absolute = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

describe("what commands tell beside their results", () => {
  let vault: DevelopmentVault;
  let config = "";
  beforeAll(async () => {
    vault = await openDevelopmentVault();
    config = join(vault.folder, "config");
  }, 90_000);
  afterAll(() => vault.close());
  const zsc = (line: string, input?: string, env = {}) =>
    vault.zsc(line.split(" "), input, { XDG_CONFIG_HOME: config, ...env });

  test("a line break that is not taken is told off a terminal too, but not beside JSON and not with --quiet", async () => {
    const told = "the final line break is not part of the value (--keep-newline keeps it)\n";
    expect(await zsc("context set a", "v\n")).toMatchObject({ code: 0, stderr: told });
    expect(await zsc("context set a --quiet", "v\n")).toMatchObject({ code: 0, stderr: "" });
    expect(await zsc("context set a --json", "v\n")).toMatchObject({ code: 0, stderr: "" });
    expect(await zsc("context set a --keep-newline", "v\n")).toMatchObject({ code: 0, stderr: "" });
    expect((await zsc("context set a", "v\nw\n")).stderr).toMatch(/^the final line break is part of the value/);
    expect(await zsc("pulse", "context set a --value v --quiet\n")).toMatchObject({ code: 0 });
  }, 60_000);

  test("each command says on a terminal which vault it is, first, and not with --quiet", async () => {
    const line = /^development vault \.?\/?\.zsc/m;
    for (const command of ["whoami", "doctor", "user list", "audit verify", "context list", "doctor --server"]) {
      const shown = await vault.onTerminal(`${command} --no-color`, []);
      expect([command, line.test(shown.split("\n")[0] ?? "")]).toEqual([command, true]);
      expect([command, line.test(await vault.onTerminal(`${command} --quiet --no-color`, []))]).toEqual([
        command,
        false,
      ]);
    }
    expect((await vault.onTerminal("token --role admin --zid A --no-color", [])).split("\n")[0]).toMatch(line);
    expect((await zsc("whoami")).stderr).toBe("");
  }, 120_000);

  test("times are absolute off a terminal, and relative on one", async () => {
    const token = join(vault.folder, "token");
    writeFileSync(token, (await zsc("token --role admin --zid ZEQ-ANN")).stdout);
    const { stdout } = await zsc(`doctor --token-file ${token}`);
    const [, ends = ""] = /, ends (\S+?);/.exec(stdout) ?? [];
    expect(ends).toMatch(absolute);
    expect(stdout).not.toMatch(/\b\d+ (d|h|min) ago|\bin \d+ (d|h|min)\b/);
    const shown = await vault.onTerminal(`doctor --token-file ${token}`, []);
    expect(shown).toMatch(/, ends in 11 h \(\d{4}-/);
    await zsc("user create del@example.com");
    expect(await vault.onTerminal("user delete del@example.com", ["no"])).toMatch(/^created: (now|\d+ s ago)$/m);
  }, 90_000);

  test("the type of a row that there is none of is refused, with the one that was meant or all", async () => {
    expect(await zsc("context audit a --type secret_raed")).toEqual({
      code: 2,
      stdout: "",
      stderr: 'zsc: no row has the type "secret_raed"\n  next: --type secret_read\n',
    });
    const { code, stderr } = await zsc("context audit a --type secret_read --type banana");
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("next: one of secret_set, secret_rotated, secret_read, "),
    ]);
    expect((await zsc("context audit a --type secret_set")).code).toBe(0);
  }, 60_000);

  test("run names all variables that may not be set, and how many more there are", async () => {
    for (const name of ["PATH", "LD_PRELOAD", "ZSC_TOKEN"]) {
      await zsc(`context set ${name} --owner ZEQ-DEV`, "v");
    }
    await zsc("context set NUL --owner ZEQ-DEV", "a\0b");
    const { code, stderr } = await zsc("run --only PATH,LD_PRELOAD,ZSC_TOKEN,NUL -- true");
    expect([code, stderr]).toEqual([
      125,
      "zsc: ZSC_TOKEN never reaches a command; PATH, LD_PRELOAD change how programs run, and are not set from a vault; " +
        "a NUL, which no environment can hold, is in the value of NUL\n" +
        "  next: --allow-env PATH --allow-env LD_PRELOAD\n",
    ]);
    const many = Array.from({ length: 25 }, (_, index) => `GIT_${index}=PATH`).join(",");
    expect((await zsc(`run --only ${many} -- true`)).stderr).toContain("GIT_19 and 5 more change how programs run");
  }, 90_000);

  test("whoami has a session checked by the vault, and says of other tokens that nobody has checked them", async () => {
    const { url } = JSON.parse((await zsc("whoami --json")).stdout);
    const minted = (await zsc("token --role admin --zid ZEQ-ANN")).stdout;
    expect((await zsc(`login ${url} --token-stdin --profile own --quiet`, minted)).code).toBe(0);
    expect(JSON.parse((await zsc("whoami --profile own --json")).stdout)).toMatchObject({
      zid: "ZEQ-ANN",
      verified: true,
    });
    const file = join(vault.folder, "other.jwt");
    writeFileSync(file, minted.trim().replace(/.{6}$/, "AAAAAA"));
    const other = await zsc(`whoami --profile own --token-file ${file}`);
    expect([other.code, other.stdout]).toEqual([0, expect.stringContaining("verified\tno: ")]);
    writeFileSync(file, "garbage");
    expect(await zsc(`whoami --profile own --token-file ${file}`)).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(/^zsc: the token is none that a vault takes: it has no claims\n {2}next: /),
    });
    expect(JSON.parse((await zsc(`doctor --profile own --token-file ${file} --json`)).stdout).checks).toContainEqual(
      expect.objectContaining({ name: "token", state: "FAIL" }),
    );
    expect((await zsc("logout --profile own --quiet")).stderr).toBe("");
    expect((await zsc(`login ${url} --token-stdin --profile own`, minted)).code).toBe(0);
  }, 90_000);

  test("a session that the vault does not take is told with exit code 3", async () => {
    const { url } = JSON.parse((await zsc("whoami --json")).stdout);
    const sessions = join(config, "zsc", "sessions.json");
    const minted = (await zsc("token --role admin --zid ZEQ-ANN")).stdout.trim();
    const token = minted.replace(/.{6}$/, "AAAAAA");
    const session = { token, zid: "ZEQ-ANN", expiresAt: "2099-01-01T00:00:00Z", endsAt: "2099-01-01T00:00:00Z" };
    writeFileSync(sessions, JSON.stringify({ version: 1, sessions: { [url]: { admin: session } } }), { mode: 0o600 });
    expect(await zsc("whoami --profile own")).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringContaining(`  next: zsc login ${url} --token-stdin\n`),
    });
  }, 60_000);

  test("commands on the vault's machine leave the schema of an older vault as it is", async () => {
    const version = () => vault.sql("SELECT version FROM schema_version").flat();
    const [newest] = version();
    vault.sql(`UPDATE schema_version SET version = version - 1`);
    const older = version();
    expect(older).not.toEqual([newest]);
    for (const line of ["user list", "user create new@example.com", "user set-zid owner@localhost --none"]) {
      const { code, stdout, stderr } = await zsc(line);
      expect([line, code, stdout]).toEqual([line, 2, ""]);
      expect(stderr).toMatch(
        /has schema version \d+, and this program works on \d+\. .*\n {2}next: zsc doctor --server\n$/,
      );
      expect(version()).toEqual(older);
    }
    vault.sql(`UPDATE schema_version SET version = version + 1`);
    expect((await zsc("user list")).code).toBe(0);
  }, 60_000);
});
