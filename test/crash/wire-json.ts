import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { errorCode } from "../../src/base/error-code.ts";
import { type Call, httpOf } from "./calls.ts";
import type { Fate } from "./journal.ts";
import { deadlineMs, fateOfRefusal, type Wire } from "./wire.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** JSON over HTTP/1.1. */
export function jsonWire(host: string, port: number): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  return {
    name: "json",
    reads: false,
    async send(call, token) {
      try {
        return [fateOf(await ask(agent, host, port, call, token))];
      } catch (error) {
        const isDeadline = error instanceof Error && error.name === "TimeoutError";
        const isUnsent = errorCode(error) === "ECONNREFUSED";
        const nothingSaid = { reason: undefined, message: "", receipt: undefined, isBug: false };
        return [fateOfRefusal({ ...nothingSaid, isDeadline, isUnsent })];
      }
    },
    close: () => agent.destroy(),
  };
}

function ask(agent: Agent, host: string, port: number, call: Call, token: string): Promise<Answer> {
  const { method, path, body } = httpOf(call);
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    ...(payload === undefined ? {} : { "content-type": "application/json" }),
  };
  const signal = AbortSignal.timeout(deadlineMs);
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host, port, method, path, headers, signal }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.end(payload);
  });
}

function fateOf({ status, headers, text }: Answer): Fate {
  const header = headers["zsc-receipt"];
  const receipt = typeof header === "string" ? header : undefined;
  const body: unknown = JSON.parse(text);
  if (typeof body !== "object" || body === null) {
    return { kind: "wrong", why: `status ${status} without an object` };
  }
  const fields: Record<string, unknown> = { ...body };
  if (status === 200) {
    return acknowledged(fields, receipt);
  }
  const detail = typeof fields["detail"] === "string" ? fields["detail"] : "";
  const isInternal = fields["error"] === "INTERNAL_ERROR";
  return fateOfRefusal({
    // The envelope has one word for all that is wrong inside; the detail tells them apart.
    reason: isInternal ? "STORE_UNAVAILABLE" : String(fields["error"]),
    message: detail,
    receipt,
    isDeadline: false,
    isUnsent: false,
    isBug: isInternal && !/the database|too many calls|the server is stopping/.test(detail),
  });
}

function acknowledged({ granted, reason }: Record<string, unknown>, receipt: string | undefined): Fate {
  return {
    kind: "acknowledged",
    receipt,
    ...(typeof granted === "boolean" ? { granted } : {}),
    ...(typeof reason === "string" ? { reason } : {}),
  };
}
