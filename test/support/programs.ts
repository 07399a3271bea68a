import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const systemFolders = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];
const startPolicy = "/usr/sbin/policy-rc.d";

/** The full path of the first of `names` that is in the PATH or in a system folder. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...systemFolders];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** The first of `paths` that exists. */
export function findFile(...paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

/**
 * Answers what `find` finds. When it finds nothing, installs Debian's `packages` (root on Debian only) and looks again.
 *
 * @throws Error naming what to install, when that is not possible.
 */
export async function requireInstalled<T>(
  what: string,
  packages: readonly string[],
  find: () => T | undefined,
): Promise<T> {
  const present = find();
  if (present !== undefined) {
    return present;
  }
  const apt = findProgram("apt-get");
  if (apt === undefined || process.getuid?.() !== 0) {
    throw new Error(
      `the tests need ${what}, which is not here: install it (Debian: apt-get install ${packages.join(" ")})`,
    );
  }
  console.log(`installing ${packages.join(", ")} for the tests`);
  await installPackages(apt, packages);
  const installed = find();
  if (installed === undefined) {
    throw new Error(`the tests need ${what}, and installing ${packages.join(" ")} did not bring it`);
  }
  return installed;
}

interface RunOptions {
  readonly env?: Record<string, string>;
  /** Kills what runs longer. */
  readonly withinMs?: number;
  /** The program is killed once it has printed this: what it does afterwards is of no use. */
  readonly until?: RegExp;
}

/** Runs a program to its end and answers what it printed, standard output and error together. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { env = {}, withinMs, until } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      killSignal: "SIGKILL",
      ...(withinMs === undefined ? {} : { timeout: withinMs }),
    });
    let printed = "";
    const collect = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (until?.test(printed)) {
        child.kill("SIGKILL");
      }
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0 || until?.test(printed)) {
        resolve(printed);
      } else {
        reject(new Error(`${program} ended with ${code ?? signal}:\n${lastLines(printed)}`));
      }
    });
  });
}

/** The end of a long text, for an error message. */
export function lastLines(text: string, count = 20): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function installPackages(apt: string, packages: readonly string[]): Promise<void> {
  // Another run may be installing just now: wait for its lock instead of failing.
  const options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=300"];
  const env = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  const forbidden = forbidServiceStart();
  try {
    await run(apt, [...options, "update"], env);
    await run(apt, [...options, "install", "--no-install-recommends", ...packages], env);
  } finally {
    if (forbidden) {
      rmSync(startPolicy, { force: true });
    }
  }
}

/** Debian asks this file before it starts a service of a new package; the tests start their own servers. */
function forbidServiceStart(): boolean {
  if (existsSync(startPolicy)) {
    return false;
  }
  writeFileSync(startPolicy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  return true;
}
