import { Agent, type IncomingMessage, request } from "node:http";
import { errorCode } from "../../../src/base/error-code.ts";
import { deadlineMs } from "../wire.ts";
import type { ApiRequest } from "./calls.ts";
import type { ApiFate } from "./journal.ts";

/** `/v1` over HTTP/1.1, by connections that are kept. */
export interface ApiWire {
  /** @param from the address that the call says that it comes from */
  send(call: ApiRequest, from: string, bearer: string | undefined): Promise<ApiFate>;
  close(): void;
}

export function apiWire(host: string, port: number): ApiWire {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  return {
    async send({ method, path, body, headers }, from, bearer) {
      const all = {
        ...headers,
        "x-forwarded-for": from,
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      };
      const signal = AbortSignal.timeout(deadlineMs);
      try {
        const payload = body === undefined ? undefined : JSON.stringify(body);
        return await new Promise<ApiFate>((resolve, reject) => {
          const outgoing = request({ agent, host, port, method, path, headers: all, signal }, (incoming) => {
            readAnswer(incoming).then(resolve, reject);
          });
          outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : error));
          outgoing.end(payload);
        });
      } catch (error) {
        if (error instanceof Error && error.name === "TimeoutError") {
          return { kind: "wrong", why: `no answer within ${deadlineMs} ms` };
        }
        return { kind: errorCode(error) === "ECONNREFUSED" ? "not_sent" : "in_flight" };
      }
    },
    close: () => agent.destroy(),
  };
}

async function readAnswer(incoming: IncomingMessage): Promise<ApiFate> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const status = incoming.statusCode ?? 0;
  const body = text === "" ? {} : JSON.parse(text);
  if (status === 503) {
    return { kind: "unavailable" };
  }
  const receipt = incoming.headers["zsc-receipt"];
  if (typeof receipt !== "string") {
    return { kind: "wrong", why: `it was answered with ${status} and no receipt: ${text.slice(0, 200)}` };
  }
  return { kind: "answered", status, receipt, body };
}
