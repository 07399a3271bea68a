import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { createZscClient } from "../../src/client/index.ts";
import { type Finished, runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { findProgram, requireInstalled } from "../support/programs.ts";
import { typeZsc } from "./typed.ts";

const execute = promisify(execFile);
const canary = "canary-7f3a";

interface Export {
  readonly zsc: string;
  readonly version: number;
  readonly vault: string;
  readonly head: { readonly seq: number; readonly rowHash: string };
  readonly count: number;
  readonly secrets: readonly { readonly name: string; readonly value: string; readonly [field: string]: unknown }[];
}

/** Sealed files are opened by age itself. */
describe("zsc export", () => {
  let folder = "";
  let server: ZscProcess;
  let age = "";
  let recipient = "";
  let url = "";

  const run = async (args: readonly string[], env: Record<string, string> = {}, input = "") => {
    const state = { XDG_STATE_HOME: join(folder, "state"), XDG_CONFIG_HOME: join(folder, "config") };
    const { code, stdout, stderr } = await runZsc(args, { ...state, ...env }, { cwd: folder, input });
    return { code, stdout, stderr } satisfies Partial<Finished>;
  };
  const set = async (name: string, value: string, owner = "ZEQ-DEV") => {
    expect(await run(["context", "set", name, "--owner", owner, "--tag", "t"], {}, value)).toMatchObject({ code: 0 });
  };
  const opened = async (file: string): Promise<Export> =>
    JSON.parse((await execute(age, ["-d", "-i", "id.txt", file], { cwd: folder })).stdout);
  const files = () => readdirSync(folder).sort();

  beforeAll(async () => {
    age = await requireInstalled("age", ["age"], () => findProgram("age"));
    folder = mkdtempSync(join(tmpdir(), "zsc-export-"));
    await execute("age-keygen", ["-o", "id.txt"], { cwd: folder });
    recipient = (await execute("age-keygen", ["-y", "id.txt"], { cwd: folder })).stdout.trim();
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    url = JSON.parse(readFileSync(join(folder, ".zsc", "vault.json"), "utf8")).url;
    await set("app/one", canary);
    await set("app/two", "two\r\nlines\0");
    await set("VARIABLE", `it's "${canary}" $x`);
  }, 90_000);
  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true });
  });

  test("seals all secrets into a new file that age opens, with who may read them and the row of each read", async () => {
    const done = await run(["export", "--to", recipient, "-o", "all.age", "--json"]);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(done.stdout)).toEqual({
      ...{ ok: true, file: "all.age", count: 3, sealed: true, recipients: [recipient], refused: [] },
    });
    expect(statSync(join(folder, "all.age")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, "all.age"), "latin1")).not.toContain(canary);
    const { zsc, version, vault, head, count, secrets } = await opened("all.age");
    expect({ zsc, version, vault, count }).toEqual({ zsc: "export", version: 1, vault: url, count: 3 });
    expect(secrets.map(({ name, value }) => [name, value])).toEqual([
      ["VARIABLE", `it's "${canary}" $x`],
      ["app/one", canary],
      ["app/two", "two\r\nlines\0"],
    ]);
    const rows = JSON.parse((await run(["context", "audit", "app/one", "--json"])).stdout).rows;
    expect(secrets[1]).toMatchObject({
      ...{ purposeTag: "t", boundZid: "ZEQ-DEV", permissions: [] },
      receipt: { seq: rows[0].seq, rowHash: rows[0].rowHash },
    });
    expect(head.seq).toBeLessThan(rows[0].seq);
    expect(rows[0].purpose).toBe("export");
  }, 60_000);

  test("is what import reads back, with owner, tag and every byte", async () => {
    expect(await run(["export", "--prefix", "app/", "--to", recipient, "--armor", "-o", "app.age"])).toMatchObject({
      code: 0,
      stderr: "2 secrets exported, sealed for 1 recipient\n",
    });
    expect(readFileSync(join(folder, "app.age"), "utf8")).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    const plan = await run(["import", "app.age", "--identity-file", "id.txt", "--prefix", "copy/", "--dry-run"]);
    expect(plan).toEqual({
      code: 0,
      stdout: "+ copy/app/one (line 2)\n+ copy/app/two (line 3)\n",
      stderr: "format: zsc\n2 new, 0 to replace, 0 skipped, 0 refused, 0 warnings\n",
    });
    const done = await run(["import", "app.age", "--identity-file", "id.txt", "--prefix", "copy/", "--yes"]);
    expect(done).toMatchObject({ code: 0 });
    expect((await run(["read", "copy/app/two"])).stdout).toBe("two\r\nlines\0");
    expect(JSON.parse((await run(["context", "info", "copy/app/one", "--json"])).stdout).secret).toMatchObject({
      ...{ purpose_tag: "t", bound_zid: "ZEQ-DEV" },
    });
    for (const name of ["copy/app/one", "copy/app/two"]) {
      expect(await run(["context", "delete", name, "--yes"])).toMatchObject({ code: 0 });
    }
  }, 60_000);

  test("goes to a pipe as it is read", async () => {
    const command = `"$0" "$1" export --to "$2" | "$3" -d -i id.txt`;
    const { stdout } = await execute("sh", ["-c", command, process.execPath, resolve("bin/zsc.mjs"), recipient, age], {
      ...{ cwd: folder, env: { PATH: process.env["PATH"] } },
    });
    expect(JSON.parse(stdout).count).toBe(3);
  }, 60_000);

  test("takes names with commas", async () => {
    await set("list,of,two", "commas");
    const { stdout } = await run(["export", "--only", "list\\,of\\,two,VARIABLE", "--plaintext", "json", "--yes"]);
    expect(JSON.parse(stdout).secrets.map(({ name }: { name: string }) => name)).toEqual(["list,of,two", "VARIABLE"]);
    expect(await run(["context", "delete", "list,of,two", "--yes"])).toMatchObject({ code: 0 });
  }, 60_000);

  describe("what the reader may not read", () => {
    beforeAll(() => set("others", "x", "ZEQ-OTHER"), 30_000);
    afterAll(() => run(["context", "delete", "others", "--yes"]), 30_000);

    test("ends it before anything is read, names it, and leaves no file", async () => {
      const before = files();
      expect(await run(["export", "--to", recipient, "-o", "none.age"])).toEqual({
        code: 4,
        stdout: "",
        stderr:
          'zsc: DENIED: nothing was exported: ZEQ-DEV may not read "others"\n' +
          "  next: zsc context grant others ZEQ-DEV, or --partial\n",
      });
      expect(files()).toEqual(before);
      const { rows } = JSON.parse((await run(["context", "audit", "others", "--json"])).stdout);
      expect(rows.map(({ type }: { type: string }) => type)).not.toContain("secret_denied");
    }, 60_000);

    test("is left out with --partial, and told", async () => {
      const done = await run(["export", "--partial", "--to", recipient, "-o", "partial.age", "--json"]);
      expect(JSON.parse(done.stdout)).toMatchObject({ count: 3, refused: [{ name: "others", error: "DENIED" }] });
      expect((await opened("partial.age")).secrets.map(({ name }) => name)).not.toContain("others");
      expect(await run(["export", "--partial", "--to", recipient, "-o", "partial-2.age"])).toMatchObject({
        stderr: "! others (DENIED)\n3 secrets exported, sealed for 1 recipient, 1 left out\n",
      });
    }, 60_000);

    test("is another thing than a limit, which ends it also with --partial", async () => {
      const limited = ["--as", "ZEQ-LIMITED", "--partial", "--to", recipient];
      await set("of-limited", "x", "ZEQ-LIMITED");
      for (let denials = 0; denials < 6; denials++) {
        await run(["probe", "others", "ZEQ-LIMITED"]);
      }
      expect(await run(["export", ...limited, "-o", "limited.age"])).toMatchObject({
        code: 7,
        stderr: expect.stringContaining("RATE_LIMITED: nothing was exported"),
      });
      expect(existsSync(join(folder, "limited.age"))).toBe(false);
      await run(["context", "delete", "of-limited", "--yes"]);
    }, 120_000);

    test("is read by whoever a token of its own says", async () => {
      const token = await run(["token", "--role", "caller", "--zid", "ZEQ-OTHER"]);
      writeFileSync(join(folder, "reader.jwt"), token.stdout);
      const wanted = ["export", "--only", "others", "--to", recipient];
      expect(await run([...wanted, "--reader-token-file", "reader.jwt", "-o", "by-flag.age"])).toMatchObject({
        code: 0,
      });
      expect((await opened("by-flag.age")).secrets).toMatchObject([{ name: "others", value: "x" }]);
      const byUrl = {
        ZSC_URL: url,
        ZSC_TOKEN: (await run(["token", "--role", "admin", "--zid", "ZEQ-ADMIN"])).stdout.trim(),
      };
      const env = { ...byUrl, ZSC_READER_TOKEN_FILE: join(folder, "reader.jwt") };
      expect(await run([...wanted, "-o", "by-environment.age"], env)).toMatchObject({ code: 0 });
      expect(await run([...wanted, "-o", "no.age"], byUrl)).toMatchObject({ code: 3 });
      writeFileSync(join(folder, "admin.jwt"), byUrl.ZSC_TOKEN);
      expect(await run([...wanted, "--reader-token-file", "admin.jwt", "-o", "no.age"])).toMatchObject({
        code: 4,
        stderr: expect.stringContaining("this token is an admin's"),
      });
    }, 60_000);
  });

  test("--plaintext asks for the word, writes .env or JSON, and refuses what is no variable", async () => {
    expect(await run(["export", "--only", "VARIABLE", "--plaintext", "env"])).toMatchObject({ code: 2 });
    expect(await run(["export", "--only", "VARIABLE", "--plaintext", "env", "--yes"])).toEqual({
      code: 0,
      stdout: `VARIABLE="it's \\"${canary}\\" \\$x"\n`,
      stderr: "1 secret exported, in the clear\n",
    });
    expect(await run(["export", "--plaintext", "env", "--yes"])).toEqual({
      code: 2,
      stdout: "",
      stderr: 'zsc: nothing was exported: not names of variables: "app/one", "app/two"\n  next: --plaintext json\n',
    });
    const json = await run(["export", "--plaintext", "json", "--yes", "-o", "plain.json"]);
    expect(json).toMatchObject({ code: 0 });
    expect(statSync(join(folder, "plain.json")).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, "plain.json"), "utf8"))).toMatchObject({ zsc: "export", count: 3 });
    const typed = await typeZsc(
      ["export", "--only", "VARIABLE", "--plaintext", "env", "-o", "typed.env"],
      [["type plaintext to go on: ", "plaintext\r"]],
      { cwd: folder },
    );
    expect(typed.code).toBe(0);
    expect(readFileSync(join(folder, "typed.env"), "utf8")).toContain(canary);
    const declined = await typeZsc(
      ["export", "--only", "VARIABLE", "--plaintext", "env", "-o", "declined.env"],
      [["type plaintext to go on: ", "yes\r"]],
      { cwd: folder },
    );
    expect([declined.code, existsSync(join(folder, "declined.env"))]).toEqual([9, false]);
  }, 90_000);

  test("a passphrase comes from a file, or is asked for twice, and opens the file again", async () => {
    writeFileSync(join(folder, "short"), "eleven char\n");
    writeFileSync(join(folder, "phrase"), "correct horse battery\n");
    expect(await run(["export", "--passphrase-file", "short", "-o", "no.age"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("12 characters at least"),
    });
    expect(await run(["export", "--passphrase-file", "phrase", "-o", "phrase.age"])).toMatchObject({ code: 0 });
    const imported = (passphrase: string) =>
      typeZsc(["import", "phrase.age", "--dry-run", "--on-conflict", "skip"], [["passphrase: ", `${passphrase}\r`]], {
        cwd: folder,
      });
    const good = await imported("correct horse battery");
    expect([good.code, good.shown]).toEqual([0, expect.stringContaining("app/one")]);
    const bad = await imported("wrong horse battery");
    expect([bad.code, bad.shown]).toEqual([2, expect.stringContaining("does not open phrase.age")]);
    expect(bad.shown).not.toContain("horse");
    expect(await run(["import", "phrase.age", "--dry-run"])).toMatchObject({ code: 2, stdout: "" });
    const asked = await typeZsc(
      ["export", "--only", "VARIABLE", "-o", "asked.age"],
      [
        ["passphrase: ", "another long phrase\r"],
        ["once more: ", "another long phrase\r"],
      ],
      { cwd: folder },
    );
    expect([asked.code, asked.shown]).toEqual([0, expect.stringContaining("sealed with a passphrase")]);
    const differ = await typeZsc(
      ["export", "--only", "VARIABLE", "-o", "differ.age"],
      [
        ["passphrase: ", "another long phrase\r"],
        ["once more: ", "another lung phrase\r"],
      ],
      { cwd: folder },
    );
    expect([differ.code, differ.shown]).toEqual([2, expect.stringContaining("the two passphrases differ")]);
  }, 120_000);

  test("what is wrong is refused before anything is read, and nothing is left behind", async () => {
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "there.age"), "mine");
    writeFileSync(join(folder, "recipients"), `# ours\n${recipient}\n\nage1nonsense\n`);
    writeFileSync(join(folder, "empty"), "# nobody\n");
    const identity = /AGE-SECRET-KEY-\S+/.exec(readFileSync(join(folder, "id.txt"), "utf8"))?.[0] ?? "";
    const before = files();
    const refused: readonly (readonly [readonly string[], string])[] = [
      [["--to", recipient, "--passphrase-file", "phrase", "-o", "no"], "sealed in one way"],
      [["--to", recipient, "--plaintext", "json", "-o", "no"], "sealed in one way"],
      [["--to", recipient, "--json"], "--json tells of a file"],
      [["--to", recipient, "--prefix", "a", "--only", "b", "-o", "no"], "exclude each other"],
      [["--to", recipient, "--only", ",", "-o", "no"], "a name is empty"],
      [["--plaintext", "json", "--armor", "-o", "no"], "--armor is for a sealed file"],
      [["--to", "age1nonsense", "-o", "no"], "no recipient of age"],
      [["--to", "ssh-ed25519 AAAA", "-o", "no"], "keys of ssh are not supported"],
      [["--to", identity, "-o", "no"], "an identity, which is secret"],
      [["--to-file", "id.txt", "-o", "no"], "id.txt, line 3: that is an identity"],
      [["--to-file", "recipients", "-o", "no"], "recipients, line 4: that is no recipient"],
      [["--to-file", "empty", "-o", "no"], "names no recipient"],
      [["--to-file", "absent", "-o", "no"], "absent cannot be read (ENOENT)"],
      [["--passphrase-file", "folder", "-o", "no"], "folder is a folder"],
      [["--to", recipient, "-o", "there.age"], "there.age exists, and is not written over"],
      [["--to", recipient, "-o", "absent/no"], "absent/no cannot be written (ENOENT)"],
      [["-o", "no"], "there is no terminal to ask on"],
    ];
    const rows = async () => JSON.parse((await run(["context", "audit", "VARIABLE", "--json"])).stdout).count;
    const reads = await rows();
    for (const [flags, sentence] of refused) {
      const { code, stdout, stderr } = await run(["export", ...flags]);
      expect([flags, code, stdout]).toEqual([flags, 2, ""]);
      expect(stderr).toContain(sentence);
      expect(stderr).not.toContain(identity);
    }
    expect(await rows()).toBe(reads);
    expect(files()).toEqual(before);
    expect(readFileSync(join(folder, "there.age"), "utf8")).toBe("mine");
    const onTerminal = await typeZsc(["export", "--to", recipient], [], { cwd: folder });
    expect([onTerminal.code, onTerminal.shown]).toEqual([2, expect.stringContaining("not written on a terminal")]);
  }, 180_000);

  test("an age file that does not open is refused, and neither identity nor content is shown", async () => {
    const whole = readFileSync(join(folder, "all.age"));
    const changed = Buffer.from(whole);
    changed[whole.length - 5] = (changed.at(-5) ?? 0) ^ 1;
    writeFileSync(join(folder, "changed.age"), changed);
    writeFileSync(join(folder, "cut.age"), whole.subarray(0, whole.length - 20));
    writeFileSync(join(folder, "cut.txt"), readFileSync(join(folder, "app.age")).subarray(0, 400));
    await execute("age-keygen", ["-o", "other.txt"], { cwd: folder });
    writeFileSync(join(folder, "broken.txt"), "AGE-SECRET-KEY-1CANARY7F3A\n");
    const refused: readonly (readonly [string, string, string])[] = [
      ["all.age", "other.txt", "no identity of other.txt opens all.age"],
      ["changed.age", "id.txt", "no identity of id.txt opens changed.age, or the file was changed"],
      ["cut.age", "id.txt", "or the file was changed"],
      ["cut.txt", "id.txt", "cut.txt is no whole age file"],
      ["all.age", "broken.txt", "broken.txt, line 1: that is no identity"],
      ["all.age", "empty", "empty holds no identity"],
      ["all.age", "app.age", "app.age is sealed itself"],
      ["plain.json", "id.txt", "--identity-file is for an age file"],
    ];
    for (const [file, identities, sentence] of refused) {
      const { code, stdout, stderr } = await run(["import", file, "--identity-file", identities, "--yes"]);
      expect([file, identities, code, stdout]).toEqual([file, identities, 2, ""]);
      expect(stderr).toContain(sentence);
      expect(stderr.toLowerCase()).not.toContain("canary");
    }
    expect(await run(["import", "all.age", "--yes"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--identity-file FILE"),
    });
  }, 120_000);

  test("is sealed as it is read: 100 MB of values stay below 300 MB of memory", async () => {
    const client = createZscClient({
      baseUrl: url,
      token: (await run(["token", "--role", "admin", "--zid", "ZEQ-ADMIN"])).stdout.trim(),
    });
    const value = "v".repeat(65_536);
    const names = Array.from({ length: 1_600 }, (_, index) => `large/${index}`);
    for (let at = 0; at < names.length; at += 32) {
      await Promise.all(names.slice(at, at + 32).map((name) => client.admin.set({ name, value, boundZid: "ZEQ-DEV" })));
    }
    const measured =
      "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    const command = ["export", "--prefix", "large/", "--to", recipient, "-o", "large.age", "--quiet"];
    const { stdout } = await execute(
      "python3",
      ["-c", measured, process.execPath, resolve("bin/zsc.mjs"), ...command],
      { cwd: folder, env: { PATH: process.env["PATH"] } },
    );
    expect(statSync(join(folder, "large.age")).size).toBeGreaterThan(100_000_000);
    expect(Number(stdout) / 1_024).toBeLessThan(300);
    rmSync(join(folder, "large.age"));
  }, 180_000);

  test.each(["SIGINT", "SIGQUIT", "SIGALRM", "SIGUSR2"] as const)(
    "%s leaves no file behind",
    async (name) => {
      const before = files();
      const exporting = startZsc(["export", "--prefix", "large/", "--to", recipient, "-o", "ended.age"], {}, folder);
      for (const started = Date.now(); !files().some((name) => name.startsWith(".zsc-")); ) {
        expect(Date.now() - started).toBeLessThan(30_000);
        await new Promise((done) => setTimeout(done, 5));
      }
      exporting.signal(name);
      expect(await exporting.ended()).toMatchObject({ code: null, signal: name });
      expect(files()).toEqual(before);
    },
    60_000,
  );
});
