import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";

/** The path of a Go program of a fixed version; it is built when it is not there yet. Ends the process on a failure. */
export function installGoProgram(module: string, version: string): string {
  const name = basename(module);
  const folder = join(process.cwd(), "node_modules", ".cache", `${name}-${version}`);
  const program = join(folder, name);
  if (!existsSync(program)) {
    run("go", ["install", `${module}@${version}`], { ...process.env, GOBIN: folder });
  }
  return program;
}

/** Runs a program to its end, with the output of this one; ends this process when it fails. */
export function run(command: string, args: readonly string[], env = process.env): void {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
  if (error !== undefined || status !== 0) {
    console.error(`${command} failed${error === undefined ? "" : `: ${error.message}`}`);
    process.exit(status ?? 1);
  }
}
