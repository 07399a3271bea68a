import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePort } from "../test/support/server-process.ts";
import { type Child, onNode, startQuietly } from "./child.ts";
import type { Keys } from "./keys.ts";

/** A server on loopback that answers. */
export interface Server extends Child {
  readonly port: number;
  /** When it was started, in milliseconds of `performance.now()`. */
  readonly startedMs: number;
}

export interface ZscOptions {
  readonly url: string;
  readonly keys: Keys;
  readonly logLevel?: "info" | "warn";
  /** `group`: as it is shipped. `each`: a transaction for each call. */
  readonly commits?: "group" | "each";
  /** Of `/v1`; absent: as it is shipped. */
  readonly rateLimit?: "off";
  /** Another program than the one that is built here. */
  readonly program?: string;
}

const shipped = join(import.meta.dirname, "../bin/zsc.mjs");
const naive = onNode(join(import.meta.dirname, "naive-server.ts"));
const startWithinMs = 60_000;

/** Starts the server in production mode, as an operator would; it does not listen yet. */
export async function launchZsc(options: ZscOptions): Promise<Server> {
  const { url, keys, logLevel = "info", commits = "group", program = shipped, rateLimit } = options;
  const port = await findFreePort();
  const startedMs = performance.now();
  const child = startQuietly(commits === "group" ? [program, "serve"] : naive, {
    ZSC_MODE: "production",
    ZSC_LISTEN: `127.0.0.1:${port}`,
    ZSC_DATABASE_URL: url,
    ZSC_MASTER_KEY: keys.masterKey,
    ZSC_JWT_SECRET: keys.jwtSecret,
    ZSC_LOG_LEVEL: logLevel,
    ...(rateLimit === undefined ? {} : { ZSC_RATE_LIMIT: rateLimit, ZSC_AUTH_RATE_LIMIT: rateLimit }),
  });
  return { ...child, port, startedMs };
}

export async function startZsc(options: ZscOptions): Promise<Server> {
  const server = await launchZsc(options);
  const giveUpAt = performance.now() + startWithinMs;
  while (!(await isReady(server.port))) {
    if (server.hasEnded()) {
      throw new Error("the server has ended");
    }
    if (performance.now() > giveUpAt) {
      throw new Error("the server is not ready in time");
    }
    await sleep(20);
  }
  return server;
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}
