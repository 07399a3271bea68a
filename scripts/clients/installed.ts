import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder, pathWith, pipInstall, run } from "./tools.ts";
import { grpcurl, pythonPlugins } from "./versions.ts";

/** A program, ready to run. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const examples = join(process.cwd(), "examples");
const clients = join(process.cwd(), "clients");

/**
 * The example in TypeScript, with the package as `npm pack` makes it, checked as the strict project that it is. Its
 * folder must be no part of our own project, whose packages it would find.
 */
export async function typescriptExample(folder: string): Promise<Program> {
  cpSync(join(examples, "typescript"), folder, { recursive: true });
  await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
  const packed = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefer-offline"];
  await run("npm", ["install", ...quiet, join(folder, packed)], { cwd: folder });
  await run("tsc", ["--project", folder]);
  return { command: process.execPath, args: [join(folder, "main.ts")] };
}

/** A Python with the wheel of our package and what it depends on. */
export async function pythonWithWheel(): Promise<string> {
  const wheels = emptyFolder("wheel");
  const source = emptyFolder("wheel-source");
  cpSync(join(clients, "python"), source, { recursive: true });
  const offline = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"];
  await run(await pythonPlugins(), ["-m", "pip", "wheel", ...offline, "--wheel-dir", wheels, source]);
  const folder = emptyFolder("wheel-python");
  await run("python3", ["-m", "venv", folder]);
  const python = join(folder, "bin", "python");
  await run(python, [...pipInstall, ...readdirSync(wheels).map((wheel) => join(wheels, wheel))]);
  return python;
}

export function pythonExample(python: string): Program {
  return { command: python, args: [join(examples, "python", "main.py")] };
}

export function pythonTests(python: string): Program {
  return { command: python, args: ["-B", join(clients, "python", "tests", "test_client.py")] };
}

/** The example in Go, whose `go.mod` takes the module from `clients/go`. */
export async function goExample(): Promise<Program> {
  const program = join(cacheFolder, "example-go");
  await run("go", ["build", "-buildvcs=false", "-o", program, "."], { cwd: join(examples, "go") });
  return { command: program, args: [] };
}

export async function goTests(): Promise<Program> {
  const program = join(cacheFolder, "client-go.test");
  await run("go", ["vet", "./..."], { cwd: join(clients, "go") });
  await run("go", ["test", "-c", "-o", program, "."], { cwd: join(clients, "go") });
  return { command: program, args: [] };
}

export function curlExample(): Program {
  return { command: "bash", args: [join(examples, "curl", "main.sh")] };
}

export async function grpcurlExample(): Promise<Program> {
  const env = { PATH: pathWith(dirname(await grpcurl())) };
  return { command: "bash", args: [join(examples, "grpcurl", "main.sh")], env };
}

function emptyFolder(name: string): string {
  const folder = join(cacheFolder, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
