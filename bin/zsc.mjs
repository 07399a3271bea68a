#!/usr/bin/env node
// Starts the command on a Node that can run it: this one, or else the one that the package's development install ships.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const leastMajor = 22;
const shipped = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));

if (Number.parseInt(process.versions.node, 10) >= leastMajor) {
  const { main } = await import("../dist/bin/zsc.js");
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  await main(process.argv, version);
} else if (existsSync(shipped)) {
  const child = spawn(shipped, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1;
  });
} else {
  process.stderr.write(`zsc needs Node ${leastMajor} or newer, and this is ${process.versions.node}.\n`);
  process.exitCode = 1;
}
