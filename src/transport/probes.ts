import type { Exchange } from "./http/exchange.ts";
import type { HealthSource } from "./options.ts";
import { type Places, retrySeconds } from "./http/places.ts";

/**
 * Answers `GET /healthz` and `GET /readyz`, for load balancers that speak plain HTTP. The latter may have to wait, and
 * takes a place meanwhile.
 */
export function serveProbe(health: HealthSource, exchange: Exchange, path: string, places: Places): void {
  if (exchange.httpMethod !== "GET" && exchange.httpMethod !== "HEAD") {
    send(exchange, 405, { error: "method not allowed" }, { allow: "GET, HEAD" });
  } else if (path === "/healthz") {
    send(exchange, 200, { status: "ok" });
  } else {
    const giveBack = places.take(exchange.peer);
    if (giveBack === undefined) {
      send(
        exchange,
        429,
        { error: "too many calls without a token are under way" },
        { "retry-after": String(retrySeconds) },
      );
    } else {
      void serveReadiness(health, exchange).finally(giveBack);
    }
  }
}

async function serveReadiness(health: HealthSource, exchange: Exchange): Promise<void> {
  await health.ready().then(
    ({ ready, durable, detail, clock }) =>
      send(exchange, ready ? 200 : 503, { status: ready ? "ready" : "unavailable", durable, detail, clock }),
    () => send(exchange, 503, { status: "unavailable", durable: false }),
  );
}

export const probePaths: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

function send(exchange: Exchange, status: number, body: unknown, more: Record<string, string> = {}): void {
  const header = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", ...more };
  exchange.send({ status, header, body: JSON.stringify(body) });
}
