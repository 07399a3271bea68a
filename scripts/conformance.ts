// Runs the conformance suite of Connect against the transport: gRPC, gRPC-Web and Connect, with and without TLS.
// The suite is a Go program; it is installed on the first run. Arguments go to it: npm run conformance -- -v
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const version = "v1.0.6";
const folder = join(process.cwd(), "node_modules", ".cache", `connectconformance-${version}`);
const program = join(folder, "connectconformance");

if (!existsSync(program)) {
  const module = `connectrpc.com/conformance/cmd/connectconformance@${version}`;
  run("go", ["install", module], { ...process.env, GOBIN: folder });
}
run(program, [
  ...["--mode", "server", "--conf", "test/conformance/config.yaml"],
  ...["--known-flaky", "@test/conformance/known-flaky.txt", "--max-servers", "2", "--parallel", "4"],
  ...process.argv.slice(2),
  ...["--", process.execPath, "test/conformance/server.ts"],
]);
console.log("conformance: all cases passed, known exceptions aside");

function run(command: string, args: readonly string[], env = process.env): void {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
  if (error !== undefined || status !== 0) {
    console.error(`${command} failed${error === undefined ? "" : `: ${error.message}`}`);
    process.exit(status ?? 1);
  }
}
