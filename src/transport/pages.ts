import type { BodyResult, Exchange } from "./http/exchange.ts";
import { type Places, retrySeconds } from "./http/places.ts";
import type { HealthSource, Page, PageReply } from "./options.ts";

/** Serves everything at one path. */
export type PageServer = (exchange: Exchange, query: string) => void;

/** Compiles pages, by path. Throws when two pages have the same method and path. */
export function compilePages(pages: readonly Page[], places: Places): ReadonlyMap<string, PageServer> {
  const byPath = new Map<string, Map<string, Page>>();
  for (const page of pages) {
    const methods = byPath.get(page.path) ?? new Map<string, Page>();
    if (methods.has(page.httpMethod)) {
      throw new Error(`${page.httpMethod} ${page.path}: two pages have this path`);
    }
    byPath.set(page.path, methods.set(page.httpMethod, page));
  }
  return new Map([...byPath].map(([path, methods]) => [path, serverOf(methods, places)]));
}

function serverOf(methods: ReadonlyMap<string, Page>, places: Places): PageServer {
  const allow = [...methods.keys()].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
  return (exchange, query) => {
    const page = methods.get(exchange.httpMethod === "HEAD" ? "GET" : exchange.httpMethod);
    if (page === undefined) {
      send(exchange, refusal(405, "method not allowed", { allow }));
    } else if (page.httpMethod === "GET") {
      serve(page, exchange, { query, body: noBytes, places });
    } else {
      exchange.readBody(page.maxBodyBytes ?? 0, undefined, (body) => {
        if (typeof body === "string") {
          send(exchange, ofBody[body]);
        } else {
          serve(page, exchange, { query, body, places });
        }
      });
    }
  };
}

interface Asked {
  readonly query: string;
  readonly body: Uint8Array;
  readonly places: Places;
}

function serve(page: Page, exchange: Exchange, { query, body, places }: Asked): void {
  // Taken before anything is done for a caller whom nobody knows.
  const giveBack = page.isImmediate ? noPlace : places.take(exchange.peer);
  if (giveBack === undefined) {
    const header = { "retry-after": String(retrySeconds) };
    send(exchange, refusal(429, "too many calls without a token are under way", header));
    return;
  }
  try {
    const reply = page.answer({ from: exchange, query, body });
    if (reply instanceof Promise) {
      void reply
        .catch(() => failed)
        .then((late) => send(exchange, late))
        .finally(giveBack);
      return;
    }
    send(exchange, reply);
  } catch {
    send(exchange, failed);
  }
  giveBack();
}

function send(exchange: Exchange, { status, headers, body }: PageReply): void {
  exchange.send({ status, header: { ...headers }, ...(body === undefined ? {} : { body }) });
}

const noPlace = () => undefined;

const noBytes = new Uint8Array(0);

/** A reply in JSON that nobody keeps. */
function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): PageReply {
  const fixed = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  return { status, headers: { ...fixed, ...headers }, body: JSON.stringify(body) };
}

function refusal(status: number, error: string, headers?: Readonly<Record<string, string>>): PageReply {
  return json(status, { error }, headers);
}

const failed = refusal(500, "internal error");

const ofBody: Readonly<Record<Extract<BodyResult, string>, PageReply>> = {
  too_large: refusal(413, "the body is too large"),
  crowded_out: refusal(429, "too many requests are under way", { "retry-after": String(retrySeconds) }),
  cut_off: refusal(400, "the body was cut off"),
};

/** `GET /healthz` and `GET /readyz`, for load balancers that speak plain HTTP. */
export function probePages(health: HealthSource): readonly Page[] {
  return [
    { httpMethod: "GET", path: "/healthz", isImmediate: true, answer: () => json(200, { status: "ok" }) },
    { httpMethod: "GET", path: "/readyz", answer: () => readiness(health) },
  ];
}

async function readiness(health: HealthSource): Promise<PageReply> {
  try {
    const { ready, durable, detail, clock } = await health.ready();
    return json(ready ? 200 : 503, { status: ready ? "ready" : "unavailable", durable, detail, clock });
  } catch {
    return json(503, { status: "unavailable", durable: false });
  }
}
