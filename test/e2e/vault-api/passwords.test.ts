import { readFileSync } from "node:fs";
import { closeVaults, databaseKinds } from "../support/vault.ts";
import { runZsc } from "../support/zsc-process.ts";
import { type Api, openApi, type Person, problem } from "./support.ts";

afterAll(closeVaults);

const good = "plum-tractor-velvet-9";
const better = "seven quiet otters juggle";

describe.each(databaseKinds)("passwords of the vault API, on %s,", (database) => {
  let api: Api;
  beforeAll(async () => {
    api = await openApi(database, { ZSC_SIGNUP: "on", ZSC_TRUSTED_PROXIES: "127.0.0.1" });
  });
  afterAll(() => api.vault.close());

  let addresses = 0;
  /** An address of its own for each test, so that no failures of others count. */
  const fresh = () => ({ "x-forwarded-for": `198.51.100.${++addresses}` });
  const signIn = (email: string, password: string, headers = fresh(), port = api.vault.port) =>
    api.ask("POST", "/v1/auth/token", { body: { email, password }, headers, port });
  const signUp = (body: object, headers = fresh()) => api.ask("POST", "/v1/auth/signup", { body, headers });
  const newUser = async (email: string, password = good): Promise<Person> => {
    const { status, body } = await signUp({ email, password });
    expect(status).toBe(200);
    return api.as("", body.access_token);
  };
  const eventsOf = async (type: string) =>
    (await api.vault.sql(`SELECT payload_json FROM audit_log WHERE transition_type = '${type}' ORDER BY seq`)).flat();

  test("who signs up is a member with a token, and signs in with the password from then on", async () => {
    const made = await signUp({ email: " New@Example.com ", password: good, display_name: "New" });
    expect(made).toMatchObject({
      status: 200,
      body: {
        message: expect.any(String),
        email: "new@example.com",
        access_token: expect.any(String),
        token_type: "Bearer",
      },
    });
    expect(made.headers.get("cache-control")).toBe("no-store");
    const { body: me } = await api.as("", made.body.access_token).ask("GET", "/v1/auth/me");
    expect(me).toMatchObject({
      email: "new@example.com",
      display_name: "New",
      role: "member",
      auth_method: "password",
    });
    const signedIn = await signIn("NEW@example.com", good);
    expect(signedIn).toMatchObject({ status: 200, body: { token_type: "Bearer", expires_in: 900 } });
    expect(Object.keys(signedIn.body).sort()).toEqual(["access_token", "expires_in", "token_type"]);
    expect((await api.as("", signedIn.body.access_token).ask("GET", "/v1/vaults")).status).toBe(200);
  });

  test.each([
    ["too short", "plum-tract9"],
    ["too long", "plum tractor ".repeat(30)],
    ["guessed too easily", "passwordpassword"],
    ["its own e-mail", "weak@example.com"],
    ["with NUL", "plum-tractor\u0000velvet-9"],
    ["absent", undefined],
    ["no text", 123456789012],
    ["a megabyte", "x".repeat(1_000_000)],
  ])("a password that is %s is refused", async (_what, password) => {
    const { status, body } = await signUp({ email: "weak@example.com", password });
    expect([400, 413]).toContain(status);
    expect(JSON.stringify(body)).not.toContain(String(password));
  });

  test("sign-up: a taken e-mail and a bad one are 400, and without ZSC_SIGNUP nobody signs up", async () => {
    await newUser("taken@example.com");
    expect(await signUp({ email: "TAKEN@example.com", password: good })).toMatchObject(problem(400, "Bad Request"));
    expect(await signUp({ email: "none", password: good })).toMatchObject(problem(400, "Bad Request"));
    const shut = await openApi(database);
    const answer = await shut.ask("POST", "/v1/auth/signup", { body: { email: "a@example.com", password: good } });
    expect(answer).toMatchObject(problem(403, "Forbidden"));
    await shut.vault.close();
  });

  test("whatever is wrong with a sign-in, the answer is the same, and it is an event", async () => {
    await newUser("wrong@example.com");
    const before = (await eventsOf("auth.failure")).length;
    const answers = [
      await signIn("wrong@example.com", better),
      await signIn("nobody@example.com", better),
      // Made by the operator, without a password.
      await signIn("ann@example.com", better),
    ];
    for (const { status, body, headers } of answers) {
      expect({ status, body }).toEqual(problem(401, "Unauthorized", answers[0]?.body.detail));
      expect(headers.get("zsc-receipt")).toMatch(/^\d+\.[0-9a-f]{64}$/);
    }
    const events = await eventsOf("auth.failure");
    expect(events).toHaveLength(before + 3);
    expect(events.join()).not.toContain("nobody@example.com");
    expect(await signIn("", good)).toMatchObject(problem(400, "Bad Request"));
    expect(await api.ask("POST", "/v1/auth/token", { body: { email: "a@b.c" } })).toMatchObject({ status: 400 });
    expect(await eventsOf("auth.failure")).toHaveLength(before + 3);
  });

  test("after five failures of an account from an address it waits, and elsewhere it signs in", async () => {
    await newUser("tried@example.com");
    const here = fresh();
    const tries = await Promise.all(Array.from({ length: 20 }, () => signIn("tried@example.com", better, here)));
    const count = (wanted: number) => tries.filter(({ status }) => status === wanted).length;
    expect([count(401), count(429)]).toEqual([5, 15]);
    const refused = await signIn("tried@example.com", good, here);
    expect(refused).toMatchObject(problem(429, "Too Many Requests"));
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(800);
    expect((await signIn("tried@example.com", good)).status).toBe(200);
    const unknown = await signIn("other@example.com", better, here);
    expect(unknown).toMatchObject(problem(401, "Unauthorized", "Invalid credentials"));
    // The window ends.
    await api.vault.sql("UPDATE failure_of_network SET zeqond = zeqond - 1159");
    await api.vault.sql("UPDATE failure_of_account SET zeqond = zeqond - 1159");
    expect((await signIn("tried@example.com", good, here)).status).toBe(200);
    await api.vault.sql("UPDATE failure_of_network SET zeqond = zeqond + 1159");
    await api.vault.sql("UPDATE failure_of_account SET zeqond = zeqond + 1159");
    expect(await api.vault.verify()).toMatchObject({ code: 0 });
  });

  test("one address tries fifty times, whoever it says that it is, and a household has one address", async () => {
    let last = 0;
    for (let round = 0; round < 52; round++) {
      const headers = { "x-forwarded-for": `2001:db8:1:2:${round.toString(16)}::1` };
      last = (await signIn(`user${round}@example.com`, better, headers)).status;
      expect(last).toBe(round < 50 ? 401 : 429);
    }
    expect((await signIn("x@example.com", better, { "x-forwarded-for": "2001:db8:1:3::1" })).status).toBe(401);
  }, 60_000);

  test("an account fails fifty times an hour, from wherever", async () => {
    await newUser("spread@example.com");
    for (let round = 0; round < 51; round++) {
      const headers = { "x-forwarded-for": `192.0.2.${round}` };
      expect((await signIn("spread@example.com", better, headers)).status).toBe(round < 50 ? 401 : 429);
    }
  }, 60_000);

  test("a new password ends all tokens of its user, on every server, and leaves the keys", async () => {
    const user = await newUser("change@example.com");
    const other = (await signIn("change@example.com", good)).body.access_token;
    const { body: made } = await user.ask("POST", "/v1/auth/api-keys", { body: { name: "ci" } });
    const ofKey = (await api.ask("POST", "/v1/auth/api-key-token", { body: { api_key: made.api_key } })).body;
    const change = (current: unknown, next: unknown, who = user) =>
      who.ask("POST", "/v1/auth/change-password", { body: { current_password: current, new_password: next } });
    expect(await change(better, better)).toMatchObject(problem(401, "Unauthorized"));
    expect(await change(good, "short")).toMatchObject(problem(400, "Bad Request"));
    expect(await change(good, "passwordpassword")).toMatchObject(problem(400, "Bad Request"));
    expect(await change(undefined, better)).toMatchObject(problem(400, "Bad Request"));
    expect((await user.ask("GET", "/v1/auth/me")).status).toBe(200);
    expect(await change(good, better)).toMatchObject({ status: 204, body: undefined });
    for (const token of [user.key, other, ofKey.access_token]) {
      expect((await api.as("", token).ask("GET", "/v1/auth/me")).status).toBe(401);
    }
    expect((await api.as("", made.api_key).ask("GET", "/v1/auth/me")).status).toBe(200);
    expect((await signIn("change@example.com", good)).status).toBe(401);
    const again = await signIn("change@example.com", better);
    expect((await api.as("", again.body.access_token).ask("GET", "/v1/auth/me")).status).toBe(200);
    expect(await eventsOf("auth.password_change")).toHaveLength(1);
  });

  test("a token that was stolen does not find the password out", async () => {
    const user = await newUser("stolen@example.com");
    const statuses = [];
    for (let round = 0; round < 7; round++) {
      const body = { current_password: `${better} ${round}`, new_password: better };
      statuses.push((await user.ask("POST", "/v1/auth/change-password", { body })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  test("a user changes its name, and whether it wants mail; an agent has no profile", async () => {
    const user = await newUser("profile@example.com");
    const changed = await user.ask("PATCH", "/v1/auth/me", { body: { display_name: "Pat", marketing_emails: true } });
    expect(changed).toMatchObject({ status: 200, body: { display_name: "Pat", marketing_emails: true } });
    expect((await user.ask("PATCH", "/v1/auth/me", { body: {} })).body).toEqual(changed.body);
    expect((await user.ask("GET", "/v1/auth/me")).body).toEqual(changed.body);
    expect((await user.ask("PATCH", "/v1/auth/me", { body: { display_name: "x".repeat(256) } })).status).toBe(400);
    const { body } = await user.ask("POST", "/v1/agents", { body: { name: "agent" } });
    const agent = await api.ask("POST", "/v1/auth/agent-token", { body: { api_key: body.api_key } });
    for (const [method, path] of [
      ["PATCH", "/v1/auth/me"],
      ["POST", "/v1/auth/change-password"],
    ] as const) {
      const given = { body: { display_name: "x", current_password: good, new_password: better } };
      expect((await api.as("", agent.body.access_token).ask(method, path, given)).status).toBe(403);
    }
  });

  test("refresh is always 400, and the public routes look at no Authorization", async () => {
    const stale = { authorization: "Bearer stale" };
    for (const asking of [{}, { body: { refresh_token: "x" } }]) {
      expect(await api.ask("POST", "/v1/auth/refresh", { ...asking, headers: stale })).toMatchObject(
        problem(400, "Bad Request"),
      );
    }
    await newUser("stale@example.com");
    expect((await signIn("stale@example.com", good, { ...fresh(), ...stale })).status).toBe(200);
  });

  test("more sign-ins than can wait are told to come again, and none hangs", async () => {
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, index) => signIn(`flood${index}@example.com`, better)),
    );
    const statuses = new Set(all.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([401, 503]);
    const refused = all.find(({ status }) => status === 503);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
  }, 60_000);

  test("the operator gives a password on standard input, by the same rule", async () => {
    const create = (email: string, input: string) =>
      runZsc(["user", "create", email, "--password-stdin", "--json"], api.vault.env, { input });
    expect(await create("cli@example.com", `${good}\n`)).toMatchObject({ code: 0 });
    expect((await signIn("cli@example.com", good)).status).toBe(200);
    const weak = await create("weak-cli@example.com", "passwordpassword");
    expect(weak).toMatchObject({ code: 2, stdout: "" });
    expect(weak.stderr).not.toContain("passwordpassword");
  });

  test("the operator gives another password, disables, lists and deletes, beside the server", async () => {
    const { key: token } = await newUser("operated@example.com");
    const operate = async (args: readonly string[], input?: string) => {
      const given = input === undefined ? {} : { input };
      const { code, stdout, stderr } = await runZsc(["user", ...args, "--json"], api.vault.env, given);
      expect([code, stderr]).toEqual([0, ""]);
      return JSON.parse(stdout);
    };
    await operate(["set-password", "operated@example.com", "--password-stdin"], better);
    expect((await api.as("", token).ask("GET", "/v1/auth/me")).status).toBe(401);
    expect((await signIn("operated@example.com", better)).status).toBe(200);
    await operate(["disable", "operated@example.com"]);
    expect((await signIn("operated@example.com", better)).status).toBe(401);
    expect((await operate(["list", "--contains", "OPERATED"])).users).toMatchObject([
      { email: "operated@example.com", disabled: true, kind: "password", lastSignInAt: expect.any(String) },
    ]);
    await operate(["delete", "operated@example.com", "--yes"]);
    expect((await operate(["list", "--contains", "OPERATED"])).users).toEqual([]);
    expect(await api.vault.verify()).toMatchObject({ code: 0 });
  });

  test("who writes the table neither gives himself a password nor keeps his tokens", async () => {
    const user = await newUser("altered@example.com");
    const [[sub]] = (await api.vault.sql("SELECT sub FROM person WHERE email = 'altered@example.com'")) as [[string]];
    const altered = async (column: string, value: string) => {
      const [[was]] = (await api.vault.sql(`SELECT ${column} FROM person WHERE sub = '${sub}'`)) as [[string]];
      await api.vault.sql(`UPDATE person SET ${column} = ${value} WHERE sub = '${sub}'`);
      expect((await signIn("altered@example.com", good)).status).toBeGreaterThanOrEqual(400);
      expect((await user.ask("GET", "/v1/auth/me")).status).toBeGreaterThanOrEqual(400);
      expect(await api.vault.verify()).toMatchObject({ code: 1, stdout: expect.stringContaining(sub) });
      await api.vault.sql(`UPDATE person SET ${column} = '${was}' WHERE sub = '${sub}'`);
    };
    await altered(
      "password_hash",
      "(SELECT * FROM (SELECT password_hash FROM person WHERE email = 'cli@example.com') p)",
    );
    await altered("token_epoch", "token_epoch + 1");
    expect(await api.vault.verify()).toMatchObject({ code: 0 });
    await api.vault.sql(
      "DELETE FROM failure_of_account WHERE seq = (SELECT * FROM (SELECT MAX(seq) FROM failure_of_account) f)",
    );
    expect(await api.vault.verify()).toMatchObject({ code: 1 });
  });

  test("no password is in the log or in the database", async () => {
    const log = api.vault.process.stdout();
    expect(log).toContain("SignInService/SignIn");
    const { databaseUrl } = api.vault;
    const stored = databaseUrl.startsWith("sqlite:")
      ? ["", "-wal"].map((suffix) => readFileSync(databaseUrl.slice("sqlite:".length) + suffix, "latin1")).join("")
      : JSON.stringify([
          await api.vault.sql("SELECT payload_json FROM audit_log"),
          await api.vault.sql("SELECT password_hash FROM person"),
        ]);
    for (const text of [log, stored]) {
      expect(text).not.toContain(good);
      expect(text).not.toContain(better);
    }
  });
});
