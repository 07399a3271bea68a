import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Finished, runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { until } from "../support/until.ts";

const canary = "cAnArY-51d0c7e2";
const program = "zsc.mjs";

interface Seen {
  /** The arguments and the environment of what ran meanwhile, as the system shows them to others. */
  readonly argv: readonly string[];
  readonly ofZsc: readonly string[];
}

/** Looks at all processes of the machine for as long as something lasts. */
async function processesDuring<T>(work: Promise<T>): Promise<Seen & { readonly result: T }> {
  const argv = new Set<string>();
  const ofZsc = new Set<string>();
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
      const before = shown(pid, "cmdline");
      const environment = shown(pid, "environ");
      argv.add(before);
      // What became another program in between has that one's environment.
      if (before.includes(program) && shown(pid, "cmdline") === before) {
        ofZsc.add(`${before}\n${environment}`);
      }
    }
    await setImmediate();
  }
  return { argv: [...argv], ofZsc: [...ofZsc], result: await done };
}

function shown(pid: string, what: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "latin1");
  } catch {
    // It has ended.
    return "";
  }
}

/** The text of all files below a folder. */
function filesBelow(folder: string): string {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return paths
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path}\n${readFileSync(path, "latin1")}`)
    .join("\n");
}

describe("a value and a token are nowhere but where they belong", () => {
  let folder = "";
  let server: ZscProcess;
  let token = "";
  /** Accepts connections and says nothing. */
  let silent: Server;
  let connections = 0;

  const own = () => ({ XDG_STATE_HOME: join(folder, "state"), XDG_CONFIG_HOME: join(folder, "config") });
  const zsc = (args: readonly string[], input?: string): Promise<Finished> =>
    runZsc(args, own(), { cwd: folder, ...(input === undefined ? {} : { input }) });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zsc-canary-"));
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    token = (await zsc(["token", "--dev", "--role", "admin", "--zid", "ZEQ-ALICE"])).stdout.trim();
    silent = createServer((socket) => {
      connections += 1;
      socket.on("error", () => undefined);
    }).listen(0, "127.0.0.1");
    await once(silent, "listening");
  }, 120_000);
  afterAll(async () => {
    silent.close();
    await server.end();
    rmSync(folder, { recursive: true });
  });

  test("a look at the processes finds what is an argument", async () => {
    const { argv } = await processesDuring(zsc(["context", "set", "argument", "--value", `${canary}-arg`]));
    expect(argv.some((words) => words.includes(`${canary}-arg`))).toBe(true);
  }, 60_000);

  test("no process of a command has one in its arguments or environment", async () => {
    writeFileSync(join(folder, "value"), canary, { mode: 0o600 });
    writeFileSync(join(folder, "pass"), `${canary}-passphrase\n`, { mode: 0o600 });
    writeFileSync(join(folder, "app.env"), `A='${canary}'\nB="${canary}\\n"\nC: ${canary}\n`);
    const { url } = JSON.parse(readFileSync(join(folder, ".zsc", "vault.json"), "utf8")) as { readonly url: string };
    const only = ["--only", "app/A", "--", "sleep", "0"];
    const commands: readonly (readonly [args: readonly string[], input?: string])[] = [
      [["context", "set", "by-file", "--file", "value", "--owner", "ZEQ-DEV"]],
      [["context", "set", "by-pipe"], canary],
      [["import", "app.env", "--prefix", "app/", "--owner", "ZEQ-DEV", "--yes", "--skip-refused"]],
      [["read", "app/A", "--out", "read.out"]],
      [["export", "--passphrase-file", "pass", "--partial", "-o", "all.age"]],
      [["export", "--plaintext", "env", "--only", "by-file", "--yes", "-o", "plain.env"]],
      [["run", ...only]],
      [["run", "--mask", ...only]],
      [["login", url, "--token-stdin"], token],
      [["whoami", "--no-dev"]],
    ];
    for (const [args, input] of commands) {
      const { argv, ofZsc } = await processesDuring(zsc(args, input));
      expect(ofZsc.some((text) => text.includes(`${program}\0${args[0]}`))).toBe(true);
      const held = [...argv, ...ofZsc].filter((text) => text.includes(canary) || text.includes(token));
      expect({ args, held }).toEqual({ args, held: [] });
    }
    // What was kept of them: names, and the one session that was asked for.
    const kept = filesBelow(join(folder, "config")).replaceAll(token, "");
    expect(kept).not.toContain(canary);
    expect(kept).toContain("ZEQ-ALICE");
  }, 300_000);

  describe("a crash", () => {
    const crash = async (name: string, fail: NodeJS.Signals, isOver: (reports: string) => boolean) => {
      const place = join(folder, name);
      mkdirSync(place);
      const preload = join(folder, "preload.mjs");
      writeFileSync(preload, 'process.on("SIGWINCH", () => { throw new Error("a bug"); });\n');
      const { port } = silent.address() as AddressInfo;
      const flags = ["--report-on-fatalerror", "--report-uncaught-exception", "--report-on-signal"];
      const options = [...flags, "--report-signal=SIGUSR2", `--report-directory=${place}`, `--import=${preload}`];
      const words = [process.execPath, resolve("bin/zsc.mjs"), "context", "set", "n", "--create", "--file", "../value"];
      const before = connections;
      const child = spawn(
        "/bin/sh",
        ["-c", 'ulimit -c 0; exec "$@"', "sh", ...words, "--url", `http://127.0.0.1:${port}`, "--timeout", "60s"],
        {
          cwd: place,
          env: { PATH: process.env["PATH"] ?? "", ...own(), ZSC_TOKEN: token, NODE_OPTIONS: options.join(" ") },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let told = "";
      child.stdout.on("data", (text: Buffer) => {
        told += text.toString("latin1");
      });
      child.stderr.on("data", (text: Buffer) => {
        told += text.toString("latin1");
      });
      const ended = once(child, "close");
      // It holds value and token, and waits for an answer.
      await until(() => connections > before);
      child.kill(fail);
      await until(() => isOver(filesBelow(place)) || child.exitCode !== null || child.signalCode !== null);
      child.kill("SIGKILL");
      await ended;
      return { told, reports: filesBelow(place) };
    };

    beforeAll(() => writeFileSync(join(folder, "value"), canary, { mode: 0o600 }));

    test.each([
      ["of an exception", "SIGWINCH", /"event": "Exception".*"sharedObjects".*\n\}/s],
      ["on a signal", "SIGUSR2", /"trigger": "Signal".*"sharedObjects".*\n\}/s],
    ] as const)(
      "reports %s without them",
      async (name, signal, mark) => {
        const { told, reports } = await crash(name.replaceAll(" ", "-"), signal, (text) => mark.test(text));
        expect(reports).toMatch(mark);
        expect([told.includes(canary), told.includes(token)]).toEqual([false, false]);
        expect([reports.includes(canary), reports.includes(token)]).toEqual([false, false]);
      },
      60_000,
    );

    test("that aborts says nothing of them", async () => {
      const { told, reports } = await crash("abort", "SIGABRT", () => false);
      expect([told.includes(canary), told.includes(token), reports]).toEqual([false, false, ""]);
    }, 60_000);
  });
});
