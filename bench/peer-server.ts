import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, startQuietly } from "./child.ts";
import type { Peer } from "./peers.ts";

const readyWithinMs = 60_000;
const setupWithinMs = 60_000;
/** Of what a command says when it fails. */
const shownCharacters = 500;

/** Starts a peer, waits until it serves, and sets it up. */
export async function startPeer({ name, command, environment, port, ready, setup }: Peer): Promise<Child> {
  const url = `http://127.0.0.1:${port}${ready}`;
  if (await answers(url)) {
    throw new Error(`${name}: something listens on port ${port} already`);
  }
  const child = startQuietly(command, environment);
  try {
    for (const giveUpAt = performance.now() + readyWithinMs; !(await answers(url)); await sleep(50)) {
      if (child.hasEnded()) {
        throw new Error(`${name}: its command has ended: ${command.join(" ")}`);
      }
      if (performance.now() > giveUpAt) {
        throw new Error(`${name}: ${url} does not answer`);
      }
    }
    for (const words of setup) {
      await run(name, words, environment);
    }
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.status < 500;
  } catch {
    return false;
  }
}

function run(
  name: string,
  [program = "", ...args]: readonly string[],
  environment: Peer["environment"],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: setupWithinMs,
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(0, shownCharacters);
    });
    const fail = (why: string) =>
      reject(new Error(`${name}: ${program} ${args.join(" ")} ${why}${said && `: ${said}`}`));
    child.once("error", ({ message }) => fail(`could not be run (${message})`));
    child.once("close", (code, signal) => (code === 0 ? resolve() : fail(`ended with ${code ?? signal}`)));
  });
}
