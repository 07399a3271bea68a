import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where tools and generated code lie; `npm ci` clears it. */
export const cacheFolder = join(process.cwd(), "node_modules", ".cache", "zsc-tools");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end, whatever that is. */
export function attempt(program: string, args: readonly string[], { cwd, env }: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const all = { ...process.env, ...env };
    const child = spawn(program, args, { cwd, env: all, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a program that must end well; what it printed. */
export async function run(program: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await attempt(program, args, options);
  if (code !== 0) {
    throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  }
  return stdout;
}

/** The path of a Go program at this version, installed when it is missing. */
export async function goTool(module: string, version: string): Promise<string> {
  const name = module.slice(module.lastIndexOf("/") + 1);
  const folder = join(cacheFolder, `${name}-${version}`);
  const program = join(folder, name);
  if (!existsSync(program)) {
    console.log(`installing ${name} ${version}`);
    mkdirSync(folder, { recursive: true });
    await run("go", ["install", `${module}@${version}`], { env: { GOBIN: folder } });
  }
  return program;
}

/** A Python whose packages are those of a `requirements.txt`, in an environment of its own, made anew when that has changed. */
export async function pythonTool(name: string, requirements: string): Promise<string> {
  const folder = join(cacheFolder, name);
  const python = join(folder, "bin", "python");
  const wanted = readFileSync(requirements, "utf8");
  const marker = join(folder, "installed.txt");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) {
    return python;
  }
  console.log(`installing ${wanted.trim().replaceAll("\n", ", ")}`);
  rmSync(folder, { recursive: true, force: true });
  await run("python3", ["-m", "venv", folder]);
  await run(python, [...pipInstall, "-r", requirements]);
  writeFileSync(marker, wanted);
  return python;
}

/** What runs `pip install` for packages that need no compiler. */
export const pipInstall = "-m pip install --quiet --disable-pip-version-check --only-binary=:all:".split(" ");

/** A PATH in which these folders come first. */
export function pathWith(...folders: readonly string[]): string {
  return [...folders, process.env["PATH"] ?? ""].join(delimiter);
}
