import { readdirSync } from "node:fs";
import { type DevelopmentVault, openDevelopmentVault } from "./development-vault.ts";

const first = "plum-tractor-velvet-9";
const second = "seven quiet otters juggle";

describe("zsc user, in the folder of a development vault", () => {
  let vault: DevelopmentVault;
  beforeAll(async () => {
    vault = await openDevelopmentVault();
  }, 90_000);
  afterAll(() => vault.close());

  const user = (...args: readonly string[]) => vault.zsc(["user", ...args]);
  const withInput = (input: string, ...args: readonly string[]) => vault.zsc(["user", ...args], input);
  const changed = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await user(...args, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    return JSON.parse(stdout);
  };
  const failed = (code: number, sentence: string, next: string) => ({
    code,
    stdout: "",
    stderr: `zsc: ${sentence}\n  next: ${next}\n`,
  });
  const signIn = (email: string, password: string) =>
    vault.ask("POST", "/v1/auth/token", { body: { email, password } });
  const tokenOf = async (email: string, password = first): Promise<string> => {
    const { status, body } = await signIn(email, password);
    expect(status).toBe(200);
    return body.access_token;
  };
  const exchange = (key: string) => vault.ask("POST", "/v1/auth/api-key-token", { body: { api_key: key } });
  const exchanged = async (key: string): Promise<string> => (await exchange(key)).body.access_token;
  const statuses = (...credentials: readonly string[]) =>
    Promise.all(credentials.map(async (as) => (await vault.ask("GET", "/v1/auth/me", { as })).status));
  const newUser = async (email: string, ...flags: readonly string[]) => {
    const { code, stdout } = await withInput(`${first}\n`, "create", email, "--password-stdin", "--json", ...flags);
    expect(code).toBe(0);
    const { id, api_key: key } = JSON.parse(stdout);
    return { id: String(id), key: String(key), token: await tokenOf(email) };
  };
  const typesOf = (id: string) => {
    const where = `origin_id = 'user:${id}' AND actor_zid = 'system:operator'`;
    return vault.sql(`SELECT transition_type FROM audit_log WHERE ${where}`).flat();
  };
  const verify = () => vault.zsc(["audit", "verify"]);

  const iso = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
  const shape = (id: string, email: string, fields: object = {}) => ({
    ...{ id, email, displayName: "", zid: null, kind: "password", disabled: false, sessions: 0 },
    ...{ lastSignInAt: iso, createdAt: iso, ...fields },
  });

  test("list shows every user by e-mail, for scripts, for people and as JSON, and no agent", async () => {
    const zoe = await newUser("Zoe@Example.com", "--name", "Zoë", "--zid", "ZEQ-ZOE");
    const made = await vault.ask("POST", "/v1/agents", { as: zoe.key, body: { name: "agent" } });
    expect(made.status).toBe(201);
    const { stdout: keyed } = await user("create", "keyed@example.com", "--json");
    const { id } = JSON.parse(keyed);
    const { ok, users, ...more } = await changed("list");
    expect([ok, more]).toEqual([true, {}]);
    expect(users).toEqual([
      shape(id, "keyed@example.com", { kind: "invited", lastSignInAt: null }),
      shape(expect.any(String), "owner@localhost", {
        ...{ displayName: "Owner", zid: "ZEQ-ADMIN", kind: "invited", lastSignInAt: null },
      }),
      shape(zoe.id, "zoe@example.com", { displayName: "Zoë", zid: "ZEQ-ZOE" }),
    ]);
    expect(Math.abs(Date.parse(users[2].lastSignInAt) - Date.now())).toBeLessThan(60_000);
    const lines = (await user("list")).stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split("\t"))).toEqual(
      users.map((each: Record<string, string | null>) => [
        ...[each["email"], "active", each["zid"] ?? "", each["kind"], each["lastSignInAt"] ?? ""],
        ...[each["createdAt"], each["displayName"], each["id"]],
      ]),
    );
    expect((await changed("list", "--contains", "KEYED")).users).toEqual([users[0]]);
    const shown = await vault.onTerminal("user list --contains @example", []);
    expect(shown).toMatch(/E-MAIL +STATE +ZID +KIND +SIGNED-IN +CREATED/m);
    expect(shown).toMatch(/^zoe@example\.com +active +ZEQ-ZOE +password +(now|\d+ s ago)/m);
    expect(shown).toMatch(/^keyed@example\.com +active +invited +never/m);
  }, 90_000);

  test("a key that is exchanged is a sign-in, too", async () => {
    await exchanged(JSON.parse((await user("create", "key@example.com", "--json")).stdout).api_key);
    expect((await changed("list", "--contains", "key@")).users).toMatchObject([{ kind: "invited", lastSignInAt: iso }]);
  }, 60_000);

  test("disable ends tokens and keys from the next call on, and enable gives password and keys back", async () => {
    const { id, key, token } = await newUser("dis@example.com");
    const ofKey = await exchanged(key);
    expect(await statuses(key, token, ofKey)).toEqual([200, 200, 200]);
    expect(await user("disable", "DIS@example.com")).toEqual({
      ...{ code: 0, stdout: "disabled dis@example.com\n", stderr: "" },
    });
    expect(await statuses(key, token, ofKey)).toEqual([401, 401, 401]);
    expect((await signIn("dis@example.com", first)).status).toBe(401);
    expect((await exchange(key)).status).toBe(401);
    expect(await changed("disable", "dis@example.com")).toEqual({
      ...{ ok: true, user: shape(id, "dis@example.com", { disabled: true }) },
    });
    expect((await user("list", "--contains", "dis@")).stdout).toMatch(/^dis@example\.com\tdisabled\t/);
    expect(await changed("enable", "dis@example.com")).toEqual({ ok: true, user: shape(id, "dis@example.com") });
    expect(await statuses(key, token, ofKey, await tokenOf("dis@example.com"))).toEqual([200, 401, 401, 200]);
    expect(typesOf(id)).toEqual(["user.create", "admin_user_disabled", "admin_user_enabled"]);
  }, 90_000);

  test("set-password lets the new one in and the old one not, and ends tokens", async () => {
    const { id, key, token } = await newUser("pw@example.com");
    const set = await withInput(`${second}\n`, "set-password", "pw@example.com", "--password-stdin", "--json");
    expect([set.code, set.stderr, JSON.parse(set.stdout)]).toEqual([
      ...[0, "", { ok: true, user: shape(id, "pw@example.com") }],
    ]);
    expect(await statuses(key, token)).toEqual([200, 401]);
    expect((await signIn("pw@example.com", first)).status).toBe(401);
    await tokenOf("pw@example.com", second);
    expect(typesOf(id)).toEqual(["user.create", "auth.password_change"]);
    for (const weak of ["passwordpassword", "short", "pw@example.com", ""]) {
      const { code, stdout, stderr } = await withInput(weak, "set-password", "pw@example.com", "--password-stdin");
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^zsc: INVALID_ARGUMENT: /);
      expect(weak === "" || !stderr.includes(weak)).toBe(true);
    }
    const large = await withInput("x".repeat(20_000), "set-password", "pw@example.com", "--password-stdin");
    expect(large).toEqual(
      failed(2, "the password is too long", "a password of 12 to 256 characters, that is hard to guess"),
    );
    await tokenOf("pw@example.com", second);
  }, 90_000);

  test("on a terminal the password is asked twice, and never shown", async () => {
    await newUser("tty@example.com");
    const differs = await vault.onTerminal("user set-password tty@example.com", [second, first]);
    expect(differs).toContain("zsc: the two passwords are not the same, and nothing was changed");
    await tokenOf("tty@example.com", first);
    const set = await vault.onTerminal("user set-password tty@example.com", [second, second]);
    expect(set).toContain("set the password of tty@example.com");
    await tokenOf("tty@example.com", second);
    expect(await user("set-password", "tty@example.com")).toEqual(
      failed(2, "there is no terminal to ask on", "--password-stdin"),
    );
  }, 90_000);

  test("sign-out ends the tokens of now, and leaves password and keys", async () => {
    const { id, key, token } = await newUser("out@example.com");
    const ofKey = await exchanged(key);
    expect(await changed("sign-out", "out@example.com")).toEqual({ ok: true, user: shape(id, "out@example.com") });
    expect(await statuses(key, token, ofKey, await tokenOf("out@example.com"))).toEqual([200, 401, 401, 200]);
    expect(typesOf(id)).toEqual(["user.create", "user.update"]);
  }, 60_000);

  test("set-zid gives a ZID, and --none takes it away", async () => {
    const { id, token } = await newUser("zid@example.com");
    const zid = "ZEQ-Ünï";
    expect(await changed("set-zid", "zid@example.com", zid)).toEqual({
      ...{ ok: true, user: shape(id, "zid@example.com", { zid }) },
    });
    expect(await user("set-zid", "zid@example.com", "--none")).toMatchObject({
      ...{ code: 0, stdout: "zid@example.com has no ZID\n" },
    });
    expect(await statuses(token)).toEqual([200]);
    for (const wrong of [[], ["Z", "--none"], ["ZEQ-SYS"], ["a|b"], ["x".repeat(129)], [""]]) {
      expect([wrong, (await user("set-zid", "zid@example.com", ...wrong)).code]).toEqual([wrong, 2]);
    }
    expect((await user("create", "sys@example.com", "--zid", "ZEQ-SYS")).code).toBe(2);
  }, 60_000);

  test("delete asks for the e-mail, ends everything at once, and frees the e-mail", async () => {
    const { id, key, token } = await newUser("del@example.com");
    const made = await vault.ask("POST", "/v1/vaults", { as: key, body: { name: "of-del", description: "" } });
    expect(made.status).toBe(201);
    expect(await user("delete", "del@example.com")).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining("zsc: there is no terminal to ask on\n  next: --yes\n") },
    });
    const wrong = await vault.onTerminal("user delete del@example.com", ["del@example.org"]);
    expect(wrong).toContain("zsc: that is not the e-mail, and nothing was deleted");
    expect(await statuses(key, token)).toEqual([200, 200]);
    expect(await vault.onTerminal("user delete del@example.com", ["del@example.com"])).toContain(
      "deleted del@example.com",
    );
    expect(await statuses(key, token)).toEqual([401, 401]);
    expect((await signIn("del@example.com", first)).status).toBe(401);
    expect(await user("delete", "del@example.com", "--yes")).toEqual(
      failed(5, 'NOT_FOUND: no user "del@example.com"', "zsc user list"),
    );
    expect(typesOf(id)).toEqual(["user.create", "admin_user_deleted"]);
    const again = await newUser("del@example.com");
    expect(again.id).not.toBe(id);
    // The vault stays, and the next user of that e-mail has nothing to do with it.
    expect((await vault.ask("GET", `/v1/vaults/${made.body.id}`, { as: again.key })).status).toBe(403);
    expect(await changed("delete", "del@example.com", "--yes")).toEqual({
      ...{ ok: true, user: shape(again.id, "del@example.com") },
    });
  }, 90_000);

  test("who disables or deletes a user is told of agents that it made, which may still call", async () => {
    const { key } = await newUser("maker@example.com");
    const { body: made } = await vault.ask("POST", "/v1/agents", { as: key, body: { name: "agent" } });
    const { body: signedIn } = await vault.ask("POST", "/v1/auth/agent-token", { body: { api_key: made.api_key } });
    const stderr = "zsc: 1 active agent that the user made may still call (GET /v1/agents)\n";
    expect(await user("disable", "maker@example.com")).toMatchObject({ code: 0, stderr });
    expect(await user("delete", "maker@example.com", "--yes", "--json")).toMatchObject({ code: 0, stderr });
    const self = await vault.ask("GET", "/v1/agents/me", { as: signedIn.access_token });
    expect(self.status).toBe(200);
  }, 60_000);

  test("what is wrong is said with its exit code, and as one line of JSON", async () => {
    const last = failed(4, "FORBIDDEN: the last active owner cannot be disabled", "zsc user create EMAIL --owner");
    expect(await user("disable", "owner@localhost")).toEqual(last);
    expect((await user("delete", "owner@localhost", "--yes")).code).toBe(4);
    for (const command of ["disable", "enable", "sign-out", "delete", "set-password"]) {
      expect([command, (await user(command, "nobody@example.com")).code]).toEqual([command, 5]);
      expect([command, (await user(command, "no e-mail")).code]).toEqual([command, 2]);
      expect([command, (await user(command)).code]).toEqual([command, 2]);
    }
    const { code, stdout, stderr } = await user("enable", "nobody@example.com", "--json");
    expect([code, stdout]).toEqual([5, ""]);
    expect(JSON.parse(stderr)).toEqual({
      ...{ ok: false, error: "NOT_FOUND", detail: 'no user "nobody@example.com"' },
      ...{ next: "zsc user list", exitCode: 5 },
    });
    expect(await user("create", "owner@localhost")).toEqual(
      failed(6, "CONFLICT: there is a user with that e-mail", "zsc user list, then the same command"),
    );
  }, 90_000);

  test("a database that is away, empty or another key's is told, and nothing is made there", async () => {
    const secrets = { ZSC_MODE: "production", ZSC_MASTER_KEY: "ab".repeat(32), ZSC_JWT_SECRET: "cd".repeat(32) };
    const list = (database: string) =>
      vault.zsc(["user", "list"], undefined, { ...secrets, ZSC_DATABASE_URL: database });
    const away = await list("mysql://zsc:hush-hush@127.0.0.1:1/vault");
    expect(away).toMatchObject({ code: 8, stdout: "" });
    expect(away.stderr).toMatch(/^zsc: STORE_UNAVAILABLE: .*ECONNREFUSED/);
    expect(away.stderr).not.toContain("hush-hush");
    expect(await list(`sqlite:${vault.folder}/none.db`)).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining("holds no vault. Check ZSC_DATABASE_URL.") },
    });
    expect(readdirSync(vault.folder)).not.toContain("none.db");
    expect(await list(`sqlite:${vault.folder}/.zsc/zsc.db`)).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining("The master key does not open this vault.") },
    });
  }, 60_000);

  test("help of each ends with two examples at least", async () => {
    for (const name of ["create", "list", "set-password", "set-zid", "disable", "enable", "sign-out", "delete"]) {
      const { code, stdout } = await user(name, "--help");
      const examples = stdout.slice(stdout.indexOf("Examples:")).trimEnd().split("\n").slice(1);
      expect([name, code, examples.length >= 2]).toEqual([name, 0, true]);
      expect(examples.every((line) => line.startsWith(`  zsc user ${name}`))).toBe(true);
    }
  }, 60_000);

  test("all of it is whole for verification, and a user that was changed by hand is named and refused", async () => {
    expect(await verify()).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nok\n$/) });
    const { id, token } = await newUser("hand@example.com");
    await user("disable", "hand@example.com");
    vault.sql(`UPDATE person SET is_active = 1, token_epoch = 0 WHERE sub = 'user:${id}'`);
    expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining(`user:${id}`) });
    for (const command of ["disable", "enable", "sign-out"]) {
      const { code, stderr } = await user(command, "hand@example.com");
      expect([code, stderr]).toEqual([
        10,
        expect.stringMatching(/^zsc: SEAL_BROKEN: .*\n {2}next: zsc audit verify\n$/),
      ]);
    }
    expect((await vault.ask("GET", "/v1/auth/me", { as: token })).status).toBe(500);
    vault.sql(`UPDATE person SET is_active = 0, token_epoch = 1 WHERE sub = 'user:${id}'`);
    expect(await verify()).toMatchObject({ code: 0 });
    expect(await changed("enable", "hand@example.com")).toMatchObject({ user: { disabled: false } });
  }, 90_000);

  test("no password, key or e-mail is in a row, and no password in what was printed, logged or stored", () => {
    const rows = vault.sql("SELECT payload_json || origin_id || actor_zid FROM audit_log").flat().join("\n");
    expect(rows).not.toMatch(/@|1ck_|argon2/);
    for (const text of [rows, vault.stored(), vault.printed()]) {
      expect(text.includes(first) || text.includes(second)).toBe(false);
    }
  });
});
