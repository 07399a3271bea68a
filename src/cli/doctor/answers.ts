import { errorCode } from "../../base/index.ts";
import { failureOfNetwork, notZsc } from "../vault/call-failure.ts";
import { type Check, type Checking, fail, failOf, ok, warn } from "./check.ts";
import { type Answer, type Http, openHttp1, openHttp2 } from "./http.ts";
import { checkUrl, type Line } from "./network.ts";

/** How far the clocks may be apart: as far as the vault bears it of a token's times. */
const clockToleranceMs = 60_000;
const answerTimeoutMs = 10_000;

interface Given {
  /** Of this program. */
  readonly version: string;
  readonly timeoutMs?: number | undefined;
  /** Told of each request, in a line. */
  onCall(line: string): void;
}

/** HTTP/2, who answers there, the clocks, and whether it is ready. */
export async function* checkAnswers(
  line: Line,
  { version, timeoutMs = answerTimeoutMs, onCall }: Given,
): Checking<true> {
  const asked = yield* ask(line, timeoutMs);
  if (asked === undefined) {
    return undefined;
  }
  const { http, answer, receivedAtMs } = asked;
  try {
    onCall(`/readyz: ${answer.status}`);
    const readiness = readinessIn(answer);
    if (readiness === undefined) {
      yield failOf("server", notZsc(line.url), checkUrl);
      return undefined;
    }
    const health = await http.get("/v1/health");
    onCall(`/v1/health: ${health.status}`);
    yield checkVersion(health, version);
    yield* checkClocks(answer, receivedAtMs, readiness);
    yield checkReadiness(readiness);
    return true;
  } catch (error) {
    yield failOf("server", failureOfNetwork(error, line.url), checkUrl);
    return undefined;
  } finally {
    http.close();
  }
}

interface Asked {
  readonly http: Http;
  readonly answer: Answer;
  readonly receivedAtMs: number;
}

/** The first question, over HTTP/2, or else over HTTP/1.1: who is there shows all the same. */
async function* ask(line: Line, timeoutMs: number): Checking<Asked> {
  const { url, protocol } = line;
  const options = { ca: line.ca, timeoutMs };
  if (protocol === undefined || protocol === "h2") {
    const http = openHttp2(url, options);
    try {
      const answer = await http.get("/readyz");
      yield ok("http2", protocol === undefined ? "by prior knowledge" : "h2, agreed on by ALPN");
      return { http, answer, receivedAtMs: Date.now() };
    } catch (error) {
      http.close();
      if (protocol !== undefined || errorCode(error) === "ETIMEDOUT") {
        yield failOf("http2", failureOfNetwork(error, url), checkUrl);
        return undefined;
      }
    }
  }
  const spoken = protocol === undefined ? "no HTTP/2" : `${protocol}, and no HTTP/2`;
  yield fail("http2", `${url} speaks ${spoken}`, "check the URL, and that a proxy in between passes HTTP/2 on");
  const http = openHttp1(url, options);
  try {
    return { http, answer: await http.get("/readyz"), receivedAtMs: Date.now() };
  } catch {
    http.close();
    yield failOf("server", notZsc(url), checkUrl);
    return undefined;
  }
}

interface Readiness {
  readonly ready: boolean;
  readonly durable: boolean;
  readonly detail?: string;
  readonly clock?: string;
}

/** What `/readyz` says; undefined when it is not a ZSC's. */
function readinessIn({ status, body }: Answer): Readiness | undefined {
  const { status: word, durable, detail, clock } = objectIn(body);
  const isOurs = (status === 200 && word === "ready") || (status === 503 && word === "unavailable");
  if (!isOurs || typeof durable !== "boolean") {
    return undefined;
  }
  return {
    ...{ ready: status === 200, durable },
    ...(typeof detail === "string" ? { detail } : {}),
    ...(typeof clock === "string" ? { clock } : {}),
  };
}

function objectIn(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function checkVersion({ status, body }: Answer, own: string): Check {
  const { version } = objectIn(body);
  if (status !== 200 || typeof version !== "string") {
    return warn("server", `a ZSC that does not tell its version (${status})`, "bring the server up to date");
  }
  return ok("server", version === own ? `ZSC ${version}` : `ZSC ${version}; this command is ${own}`);
}

function* checkClocks({ date = "" }: Answer, receivedAtMs: number, { clock }: Readiness): Iterable<Check> {
  const aheadMs = receivedAtMs - Date.parse(date);
  if (Number.isNaN(aheadMs) && clock === undefined) {
    return;
  }
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const next = "set the clocks: NTP, here and on the vault's machine";
  if (Math.abs(aheadMs) > clockToleranceMs) {
    yield fail("clock", `this clock is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} the vault's`, next);
  } else if (clock === undefined) {
    yield ok("clock", `${seconds} s from the vault's`);
  } else {
    yield warn("clock", `the vault says of its own: ${clock}`, next);
  }
}

function checkReadiness({ ready, durable, detail }: Readiness): Check {
  if (!ready) {
    return fail("ready", detail ?? "the vault does not say why", "docs/operations.md, Health, says what to do");
  }
  return durable
    ? ok("ready", "ready, durable")
    : warn("ready", `ready, not durable: ${detail ?? "the vault does not say why"}`, "docs/operations.md, Databases");
}
