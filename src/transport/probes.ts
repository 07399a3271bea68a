import type { Exchange } from "./exchange.ts";
import type { HealthSource } from "./options.ts";

/** Serves `GET /healthz` and `GET /readyz`, for load balancers that use plain HTTP. */
export function serveProbe(health: HealthSource, exchange: Exchange, path: string): void {
  if (exchange.httpMethod !== "GET" && exchange.httpMethod !== "HEAD") {
    send(exchange, 405, { error: "method not allowed" }, { allow: "GET, HEAD" });
  } else if (path === "/healthz") {
    send(exchange, 200, { status: "ok" });
  } else {
    health.ready().then(
      ({ ready, durable, detail, clock }) =>
        send(exchange, ready ? 200 : 503, { status: ready ? "ready" : "unavailable", durable, detail, clock }),
      () => send(exchange, 503, { status: "unavailable", durable: false }),
    );
  }
}

export const probePaths: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

function send(exchange: Exchange, status: number, body: unknown, more: Record<string, string> = {}): void {
  const header = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", ...more };
  exchange.send({ status, header, body: JSON.stringify(body) });
}
