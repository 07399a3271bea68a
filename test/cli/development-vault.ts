import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runZsc, startZsc } from "../e2e/support/zsc-process.ts";
import { sqliteText } from "../support/places.ts";

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Asking {
  /** A key or a token. */
  readonly as?: string;
  readonly body?: object;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what tests are about
  readonly body: any;
}

/** A development vault that runs in a folder of its own, and commands in that folder. */
export interface DevelopmentVault {
  readonly folder: string;
  zsc(args: readonly string[], input?: string, env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Runs it on a terminal of 120 columns, and types an answer, and Enter, at each question. */
  onTerminal(args: string, answers: readonly string[]): Promise<string>;
  /** A call of the server. */
  ask(method: string, path: string, asking?: Asking): Promise<Answer>;
  /** Runs one statement beside the server. */
  sql(statement: string): readonly (readonly string[])[];
  /** What commands have printed, and the server logged. */
  printed(): string;
  /** The bytes of all files of the vault. */
  stored(): string;
  close(): Promise<void>;
}

export async function openDevelopmentVault(): Promise<DevelopmentVault> {
  const folder = mkdtempSync(join(tmpdir(), "zsc-cli-"));
  const limits = { ZSC_RATE_LIMIT: "off", ZSC_AUTH_RATE_LIMIT: "off" };
  const server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0", ...limits }, folder);
  await server.logged("listening");
  const data = join(folder, ".zsc");
  const { url } = JSON.parse(readFileSync(join(data, "vault.json"), "utf8"));
  let printed = "";
  return {
    folder,
    async zsc(args, input, env = {}) {
      const given = { cwd: folder, ...(input === undefined ? {} : { input }) };
      const { code, stdout, stderr } = await runZsc(args, env, given);
      printed += stdout + stderr;
      return { code, stdout, stderr };
    },
    async onTerminal(args, answers) {
      const shown = await typeAt(`${process.execPath} ${resolve("bin/zsc.mjs")} ${args}`, answers, folder);
      printed += shown;
      return shown;
    },
    ask: (method, path, asking) => ask(method, `${url}${path}`, asking),
    sql: (statement) => sqliteText(join(data, "zsc.db"), statement),
    printed: () => printed + server.stdout() + server.stderr(),
    stored: () =>
      readdirSync(data, { recursive: true, encoding: "utf8" })
        .map((name) => readFileSync(join(data, name), "latin1"))
        .join(),
    async close() {
      await server.end();
      rmSync(folder, { recursive: true });
    },
  };
}

async function ask(method: string, url: string, { as, body }: Asking = {}): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...(as === undefined ? {} : { authorization: `Bearer ${as}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** What a command writes behind each question, once it takes what is typed. */
const isAsking = ": \u001b[?2004h";

async function typeAt(command: string, answers: readonly string[], cwd: string): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "" };
  const child = spawn("script", ["-qec", `stty cols 120; ${command}`, "/dev/null"], { cwd, env });
  let shown = "";
  let asked = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    for (; asked < shown.split(isAsking).length - 1; asked++) {
      child.stdin.write(`${answers[asked] ?? ""}\r`);
    }
  });
  await new Promise((end) => child.on("close", end));
  return shown.replaceAll("\r\n", "\n");
}
