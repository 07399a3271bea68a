#!/bin/sh
// 2>/dev/null; exec node --max-semi-space-size=16 "$0" "$@"
// The line above is for the shell: not every system's env can pass options on. It, and the two settings below, keep the
// process at half of the memory that it would take otherwise (docs/operations.md), and cost no time.
//
// Starts the command on a Node that can run it: this one, or else the one that the package's development install ships.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import inspector from "node:inspector";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

// Node opens its inspector on SIGUSR1, unless a listener takes the signal.
process.on("SIGUSR1", () => {});
// A token may stand in the environment, which a report of a crash would show.
process.report.excludeEnv = true;
// The default of these two is to end the process. A server takes them as soon as it can: it has nothing to read again yet.
if (process.argv.includes("serve")) {
  process.on("SIGHUP", () => {});
  process.on("SIGUSR2", () => {});
}

/** A SIGUSR1 that came before the listener has opened the inspector, at once or a little later, and maybe twice. */
function closeInspector() {
  const wanted = /--inspect(?!-port)/.test(`${process.execArgv} ${process.env.NODE_OPTIONS}`);
  if (!wanted && inspector.url() !== undefined) {
    inspector.close();
    setImmediate(closeInspector);
  }
}

const leastMajor = 22;
const shipped = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));

// Half of what is in flight is alive at any collection, which V8 takes for a sign that it will live for long.
setFlagsFromString("--no-allocation-site-pretenuring");
setFlagsFromString("--heap-growing-percent=50");

if (Number.parseInt(process.versions.node, 10) >= leastMajor) {
  // Started by the lines below: it ends when they were ended in a way that they could not pass on.
  if (process.channel) {
    process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
    process.channel.unref();
  }
  closeInspector();
  const { main } = await import("../dist/bin/zsc.js");
  closeInspector();
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  await main(process.argv, version);
  closeInspector();
} else if (existsSync(shipped)) {
  const child = spawn(shipped, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
  for (const signal of passedOn) {
    // A Ctrl-C has reached the other one already: it is of the same group.
    process.on(signal, () => (signal === "SIGINT" && isatty(0)) || child.kill(signal));
  }
  child.on("exit", (code, signal) => {
    if (signal !== null) {
      for (const each of passedOn) {
        process.removeAllListeners(each);
      }
      process.kill(process.pid, signal);
    }
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
} else {
  process.stderr.write(`zsc needs Node ${leastMajor} or newer, and this is ${process.versions.node}.\n`);
  process.exitCode = 1;
}
