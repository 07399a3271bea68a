import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";

// A stranger's verifier: Python with its standard library, and none of our code.

const script = join(__dirname, "../../examples/verify_audit_log.py");

/** The interpreter itself: what PATH has may be a script that looks for it each time. */
const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runScript(args: readonly string[], password = ""): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(python, [script, ...args], { env: { ...process.env, MYSQL_PWD: password } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Runs it on the database behind `url`, with options before. */
export function runOn(url: string, options: readonly string[]): Promise<Finished> {
  if (url.startsWith("sqlite:")) {
    return runScript([...options, "sqlite", url.slice("sqlite:".length)]);
  }
  const { hostname, port, username, password, pathname } = new URL(url);
  const account = ["--no-defaults", "--protocol=tcp", `--host=${hostname}`, `--port=${port}`, `--user=${username}`];
  return runScript([...options, "mysql", ...account, pathname.slice(1)], password);
}
