import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { environmentFor } from "../../src/cli/run/environment.ts";
import { Masking } from "../../src/cli/run/masking.ts";
import { parseOnly, parseRefs, variableOf, withoutClashes } from "../../src/cli/run/wanted.ts";
import { type Finished, runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";

describe("the variable of a name", () => {
  test.each([
    ["DB_URL", "DB_URL"],
    ["db_url", "db_url"],
    ["db-password", "DB_PASSWORD"],
    ["app/db.url", "APP_DB_URL"],
    ["1st", "_1ST"],
    ["über", "_BER"],
  ])("of %s is %s", (name, variable) => {
    expect(variableOf(name)).toBe(variable);
  });

  test("can be said, and two names for one are refused", () => {
    expect(parseOnly(["X=a/b,c-d", "e=f=g", "h i=j"])).toEqual([
      { variable: "X", name: "a/b" },
      { variable: "C_D", name: "c-d" },
      { variable: "e", name: "f=g" },
      { variable: "H_I_J", name: "h i=j" },
    ]);
    const clash = { secrets: parseOnly(["a-b,a.b"]), plain: new Map<string, string>() };
    expect(() => withoutClashes(clash)).toThrow('"a-b" and "a.b" are both A_B');
    expect(withoutClashes({ secrets: parseOnly(["a-b,a-b"]), plain: new Map() }).secrets).toHaveLength(1);
  });

  test("in a file of references is its own, percent-encoded names are decoded, and other values pass", () => {
    const { secrets, plain } = parseRefs(Buffer.from("A=zsc://app/a%20b\nPORT=80 # plain\n"), "app.refs");
    expect([secrets, [...plain]]).toEqual([[{ variable: "A", name: "app/a b" }], [["PORT", "80"]]]);
    expect(() => parseRefs(Buffer.from("A=1\nnothing"), "app.refs")).toThrow("app.refs: line 2: no_value");
    expect(() => parseRefs(Buffer.from("A=zsc://%zz"), "app.refs")).toThrow(
      "line 1: the name is not valid percent-encoding",
    );
  });
});

describe("the environment of a command", () => {
  const inherited = { PATH: "/bin", A: "old", ZSC_TOKEN: "t", LC_ALL: "C", OTHER: "o" };
  const given = new Map([["A", "new"]]);

  test("is what was inherited, without our tokens, and the vault wins unless told otherwise", () => {
    expect(environmentFor(inherited, given, {})).toEqual({ PATH: "/bin", A: "new", LC_ALL: "C", OTHER: "o" });
    expect(environmentFor(inherited, given, { keepEnv: true })).toMatchObject({ A: "old" });
    expect(environmentFor(inherited, given, { cleanEnv: true })).toEqual({ PATH: "/bin", A: "new", LC_ALL: "C" });
  });

  test.each(["PATH", "LD_PRELOAD", "NODE_OPTIONS", "GIT_SSH_COMMAND", "PYTHONPATH", "BASH_ENV"])(
    "refuses %s",
    (name) => {
      const dangerous = new Map([[name, "x"]]);
      expect(() => environmentFor({}, dangerous, {})).toThrow(`${name} changes how programs run`);
      expect(environmentFor({}, dangerous, { allowEnv: [name] })).toEqual({ [name]: "x" });
    },
  );

  test("refuses our tokens, allowed or not, and a NUL", () => {
    expect(() => environmentFor({}, new Map([["ZSC_TOKEN", "x"]]), { allowEnv: ["ZSC_TOKEN"] })).toThrow(
      "never reaches",
    );
    expect(() => environmentFor({}, new Map([["A", "a\0b"]]), {})).toThrow("NUL");
  });
});

describe("masking", () => {
  const masked = async (values: readonly string[], chunks: readonly Buffer[]) => {
    const parts: Buffer[] = [];
    for await (const part of Readable.from(chunks).pipe(new Masking(values))) {
      parts.push(part as Buffer);
    }
    return Buffer.concat(parts).toString("latin1");
  };

  test("is the same however the output is cut, and leaves nothing of a value", async () => {
    const word = fc.stringMatching(/^[ab]{3,9}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 4 }),
        fc.stringMatching(/^[ab]{0,60}$/),
        fc.array(fc.nat(60), { maxLength: 6 }),
        async (values, text, cuts) => {
          const bytes = Buffer.from(text);
          const borders = [0, ...cuts.filter((cut) => cut <= bytes.byteLength).sort((a, b) => a - b), bytes.byteLength];
          const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
          const long = values.filter((value) => value.length >= 6);
          const found = await masked(values, chunks);
          expect(found).toBe(await masked(values, [bytes]));
          for (const value of long) {
            expect(found).not.toContain(value);
          }
          if (long.every((value) => !text.includes(value))) {
            expect(found).toBe(text);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("zsc run", () => {
  let folder = "";
  let server: ZscProcess;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-run-"));
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    for (const [name, value, ...flags] of [
      ["db-password", "s3cr$t value", "--owner", "ZEQ-DEV"],
      ["list,of,two", "comma-value", "--owner", "ZEQ-DEV"],
      ["app/one", "one-value", "--owner", "ZEQ-DEV"],
      ["app/two", "two-value", "--grant", "ZEQ-DEV"],
      ["app/hidden", "hidden-value"],
      ["PATH", "/nowhere", "--owner", "ZEQ-DEV"],
    ]) {
      const set = await zsc(["context", "set", name ?? "", ...flags], { input: value ?? "" });
      expect(set.code).toBe(0);
    }
  }, 120_000);
  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true });
  });

  const zsc = async (
    args: readonly string[],
    { input, env = {} }: { input?: string; env?: Record<string, string> } = {},
  ): Promise<Pick<Finished, "code" | "stdout" | "stderr">> => {
    const { code, stdout, stderr } = await runZsc(
      args,
      { PATH: process.env["PATH"] ?? "", ...env },
      { cwd: folder, ...(input === undefined ? {} : { input }) },
    );
    return { code, stdout, stderr };
  };
  const sh = (script: string, ...flags: readonly string[]) => zsc(["run", ...flags, "--", "sh", "-c", script]);

  test.each([
    [
      "gives the values, and not a byte of its own",
      ["--only", "db-password,X=app/one"],
      'printf "%s|%s" "$DB_PASSWORD" "$X"',
      "s3cr$t value|one-value",
      0,
    ],
    ["ends with the code of the command", ["--only", "db-password"], "exit 7", "", 7],
    [
      "takes all that may be read below a prefix",
      ["--prefix", "app/"],
      'printf "%s %s %s" "$one" "$two" "${hidden-none}"',
      "one-value two-value none",
      0,
    ],
    [
      "lets an optional secret be missing",
      ["--only", "app/one,nope", "--optional", "nope"],
      'printf "%s" "${nope-none}"',
      "none",
      0,
    ],
    [
      "takes a name with commas",
      ["--only", "X=list\\,of\\,two,db-password", "--only", "list\\,of\\,two"],
      'printf "%s|%s" "$X" "$LIST_OF_TWO"',
      "comma-value|comma-value",
      0,
    ],
    [
      "may clean the environment",
      ["--only", "app/one", "--clean-env"],
      'printf "%s%s" "$APP_ONE" "${XDG_CONFIG_HOME-none}"',
      "one-valuenone",
      0,
    ],
    ["ends as a signal ends the command", ["--only", "app/one"], "kill -TERM $$", "", null],
    [
      "masks what no terminal shows",
      ["--only", "app/one,app/two", "--mask"],
      'printf "a one-va"; sleep 0.1; printf "lue %s\\n" "$APP_TWO"; exit 3',
      "a ******** ********\n",
      3,
    ],
  ])("%s", async (_what, flags, script, stdout, code) => {
    expect(await sh(script, ...flags)).toEqual({ code, stdout, stderr: "" });
  });

  test("takes what does not exist from the caller's own environment, and a refusal never", async () => {
    const given = await zsc(["run", "--only", "nope", "--", "sh", "-c", 'printf "%s" "$nope"'], {
      env: { nope: "own" },
    });
    expect(given).toEqual({ code: 0, stdout: "own", stderr: "" });
    const refused = await zsc(["run", "--only", "H=app/hidden,nope,no-thing", "--", "echo", "started"], {
      env: { H: "own", nope: "own" },
    });
    expect(refused).toMatchObject({ code: 125, stdout: "" });
    expect(refused.stderr).toContain('DENIED "app/hidden"');
    expect(refused.stderr).toContain('NOT_FOUND "no-thing"');
    expect(refused.stderr).toContain("next: zsc context grant app/hidden ZEQ-DEV");
    const missing = await zsc(["run", "--only", "no\\,thing,nor-this", "--", "echo", "started"]);
    expect(missing.stderr).toContain("next: --optional 'no\\,thing,nor-this'");
  });

  test("reads a file of references", async () => {
    writeFileSync(join(folder, "app.refs"), "URL=zsc://app/one\nPORT=80\nDOPPLER_CONFIG=dev\n");
    expect(await sh('printf "%s:%s:%s" "$URL" "$PORT" "$DOPPLER_CONFIG"', "--refs", "app.refs")).toEqual({
      code: 0,
      stdout: "one-value:80:dev",
      stderr: "",
    });
  });

  test.each([
    [["run", "--", "true"], 125, "which secrets?"],
    [["run", "--bad", "--", "true"], 125, "unknown option"],
    [["run", "--only", "a-b,a.b", "--", "true"], 125, "are both A_B"],
    [["run", "--only", "PATH", "--", "true"], 125, "PATH changes how programs run"],
    [["run", "--only", "app/one", "--", "no-such-command"], 127, "is not found"],
    [["run", "--only", "app/one", "--", "/tmp"], 126, "cannot be executed"],
    [["run", "--only", "app/one", "--", "/etc/passwd"], 126, "cannot be executed"],
    [
      ["run", "--only", "app/one", "--url", "http://127.0.0.1:9", "--token-file", "/dev/null", "--", "true"],
      125,
      "zsc: ",
    ],
  ])("%j ends with %i", async (args, code, sentence) => {
    const found = await zsc(args);
    expect(found).toMatchObject({ code, stdout: "" });
    expect(found.stderr).toContain(sentence);
  });

  test("becomes the command: the same process, with signals as they usually are, and pipes that wait", async () => {
    const pipes = await sh(
      'grep -E "SigIgn|SigBlk" /proc/self/status; grep flags: /proc/self/fdinfo/1',
      "--only",
      "app/one",
    );
    const [blocked, ignored, flags = ""] = pipes.stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t").at(-1));
    expect([blocked, ignored]).toEqual(["0000000000000000", "0000000000000000"]);
    const nonBlocking = 0o4000;
    expect(Number.parseInt(flags, 8) & nonBlocking).toBe(0);
  });

  test.each(["", "--mask"])(
    "passes on a gigabyte of output %s",
    async (mask) => {
      const bytes = 1_000_000_000;
      const bin = join(import.meta.dirname ?? __dirname, "..", "..", "bin", "zsc.mjs");
      const line = `"$0" "$1" run --only app/one ${mask} -- head -c ${bytes} /dev/zero | wc -c`;
      const { spawnSync } = await import("node:child_process");
      const { stdout } = spawnSync("sh", ["-c", line, process.execPath, bin], { cwd: folder, encoding: "utf8" });
      expect(stdout.trim()).toBe(String(bytes));
    },
    120_000,
  );

  test("gives the command a terminal where there is one", async () => {
    const bin = join(import.meta.dirname ?? __dirname, "..", "..", "bin", "zsc.mjs");
    const inner = `${process.execPath} ${bin} run --only app/one -- sh -c 'test -t 0 && test -t 1 && printf %s $APP_ONE'`;
    const { spawnSync } = await import("node:child_process");
    const { stdout } = spawnSync("script", ["-qec", inner, "/dev/null"], { cwd: folder, encoding: "utf8", input: "" });
    expect(stdout).toContain("one-value");
  });

  test("refuses an environment that the system would not take, and names the largest", async () => {
    const large = "x".repeat(65_536);
    const names = Array.from({ length: 33 }, (_, index) => `big/n${index}`);
    await Promise.all(names.map((name) => zsc(["context", "set", name, "--owner", "ZEQ-DEV"], { input: large })));
    const found = await sh("true", "--prefix", "big/");
    expect(found).toMatchObject({ code: 125, stdout: "" });
    expect(found.stderr).toMatch(
      /the environment is larger than this system takes .*: the largest are n\d+, n\d+, n\d+/,
    );
  }, 120_000);

  test("leaves its rows, with the purpose", async () => {
    const { stdout } = await zsc(["context", "audit", "app/one", "--type", "secret_read", "--verify"]);
    const purposes = new Set(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split("\t")[3]),
    );
    expect(purposes).toEqual(new Set(["run"]));
  });

  test("lists by filters, in another order", async () => {
    const names = async (...flags: readonly string[]) =>
      (await zsc(["context", "list", ...flags])).stdout
        .trim()
        .split("\n")
        .map((line) => line.split("\t")[0]);
    expect(await names("--prefix", "app/")).toEqual(["app/hidden", "app/one", "app/two"]);
    expect(await names("--reader", "ZEQ-DEV", "--contains", "APP/", "--desc")).toEqual(["app/two", "app/one"]);
    expect(await names("--prefix", "app/", "--never-read")).toEqual(["app/hidden"]);
    expect((await names("--prefix", "app/", "--sort", "reads", "--desc"))[0]).toBe("app/one");
    expect((await zsc(["context", "list", "--sort", "colour"])).code).toBe(2);
  });

  test("changes only at the version that is named", async () => {
    const set = (...flags: readonly string[]) =>
      zsc(["context", "set", "versioned", "--owner", "ZEQ-DEV", ...flags], { input: "v" });
    expect(JSON.parse((await set("--create", "--json")).stdout)).toMatchObject({
      ok: true,
      name: "versioned",
      version: 1,
    });
    expect(await set("--create")).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("CONFLICT: there is a secret of that name"),
    });
    expect(JSON.parse((await set("--if-version", "1", "--json")).stdout)).toMatchObject({ version: 2 });
    expect((await set("--if-version", "1")).code).toBe(6);
    expect((await zsc(["context", "rotate", "versioned", "--if-version", "1"])).code).toBe(6);
    expect((await zsc(["context", "delete", "versioned", "--if-version", "2", "--yes"])).code).toBe(0);
  });

  test("no value stands in what the server logged, nor in an argument of the command", async () => {
    for (const text of [server.stdout(), server.stderr(), readFileSync(join(folder, ".zsc", "vault.json"), "utf8")]) {
      expect(text).not.toContain("one-value");
    }
    const args = await sh("tr '\\0' ' ' < /proc/self/cmdline; tr '\\0' ' ' < /proc/$$/cmdline", "--only", "app/one");
    expect(args.stdout).toContain("cmdline");
    expect(args.stdout).not.toContain("one-value");
  });
});
