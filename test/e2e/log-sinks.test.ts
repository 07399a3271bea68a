import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onDeathOfThisProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";
import { freePort } from "./support/free-port.ts";
import { type HttpClient, http1Client } from "./support/http.ts";
import { freshKeys, tokenOf } from "./support/tokens.ts";

/** More lines than a pipe and the buffer behind it hold together. */
const calls = 7_000;

const onTerminal = `
import pty, signal, subprocess, sys
reader, terminal = pty.openpty()
server = subprocess.Popen(sys.argv[1:], stdout=terminal)
signal.signal(signal.SIGTERM, lambda number, frame: server.terminate())
sys.exit(server.wait())`;

interface Started {
  readonly process: ChildProcess;
  readonly http: HttpClient;
  readonly token: string;
}

describe("a server whose log nobody takes", () => {
  const folder = mkdtempSync(join(tmpdir(), "zsc-sinks-"));
  let ended = 0;
  afterAll(() => rmSync(folder, { recursive: true }));

  async function start(stdout: number | "pipe", wrapper: readonly string[] = []): Promise<Started> {
    const keys = freshKeys();
    const port = await freePort();
    const env = {
      PATH: process.env["PATH"] ?? "",
      ZSC_LISTEN: `127.0.0.1:${port}`,
      ZSC_DATABASE_URL: `sqlite:${join(folder, `${ended++}.db`)}`,
      ZSC_MASTER_KEY: keys.masterKey,
      ZSC_JWT_SECRET: keys.jwtSecret,
    };
    const [program = "", ...args] = [...wrapper, process.execPath, resolve("bin/zsc.mjs"), "serve"];
    const child = spawn(program, args, { env, stdio: ["ignore", stdout, "pipe"] });
    const forget = onDeathOfThisProcess('kill -s KILL "$0"', String(child.pid));
    child.once("exit", forget);
    await until(() => isOpen(port));
    const http = http1Client("127.0.0.1", port, undefined);
    return { process: child, http, token: await tokenOf(keys.jwtSecret, "admin", "ZEQ-ADMIN") };
  }

  /** Makes many calls, a few at a time; each leaves a line. */
  async function callOften({ http, token }: Started): Promise<void> {
    let left = calls;
    const worker = async () => {
      while (left-- > 0) {
        expect((await http.send("GET", "/api/zsc/info/absent", { token })).status).toBe(404);
      }
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    expect((await http.send("GET", "/healthz")).status).toBe(200);
  }

  async function stop({ process: child, http }: Started): Promise<number | null> {
    http.close();
    const end = once(child, "exit");
    child.kill("SIGTERM");
    return ((await end) as [number | null])[0];
  }

  const device = (path: string) => openSync(path, constants.O_WRONLY);

  test("answers beside a full disk", async () => {
    const full = device("/dev/full");
    const server = await start(full);
    closeSync(full);
    await callOften(server);
    expect(await stop(server)).toBe(0);
  });

  test("answers beside a socket that nobody reads", async () => {
    const server = await start("pipe");
    await callOften(server);
    expect(await stop(server)).toBe(0);
  });

  test("answers beside a terminal that was halted", async () => {
    const server = await start("pipe", ["python3", "-c", onTerminal]);
    await callOften(server);
    expect(await stop(server)).toBe(0);
  });

  test("answers when the reader of its pipe has gone", async () => {
    const path = join(folder, "gone");
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = device(path);
    const server = await start(writer);
    closeSync(writer);
    closeSync(reader);
    await callOften(server);
    expect(await stop(server)).toBe(0);
  });

  test("answers when the reader of its pipe has stopped, and says what was dropped when he goes on", async () => {
    const path = join(folder, "stopped");
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = device(path);
    const server = await start(writer);
    closeSync(writer);
    await callOften(server);
    let text = "";
    const read = () => {
      text += readAll(reader);
      return text;
    };
    await until(() => read().includes("lines of the log were dropped"));
    const end = stop(server);
    await until(() => read().includes('"stopped"'));
    expect(await end).toBe(0);
    closeSync(reader);
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const dropped = lines.filter(({ msg }) => String(msg).includes("were dropped"));
    expect(dropped).toHaveLength(1);
    expect(dropped[0].count).toBeGreaterThan(0);
    expect(lines.filter(({ msg }) => msg === "call refused").length + dropped[0].count).toBe(calls);
    expect(lines.at(-1).msg).toBe("stopped");
  });
});

function readAll(file: number): string {
  const buffer = Buffer.alloc(1_048_576);
  try {
    return buffer.toString("utf8", 0, readSync(file, buffer));
  } catch {
    return "";
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return await new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).then((open) => {
    socket.destroy();
    return open as boolean;
  });
}
