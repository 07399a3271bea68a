import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { bindService, type HealthSource, type ServiceBinding } from "./options.ts";

const watchIntervalMs = 2_000;

/** `grpc.health.v1.Health` over one source: all services are as well as the server is. */
export function bindHealth(source: HealthSource, serviceNames: readonly string[]): ServiceBinding {
  const known = new Set(["", ...serviceNames]);
  const status = async () =>
    (await source.ready().catch(() => ({ ready: false }))).ready ? Status.SERVING : Status.NOT_SERVING;
  return bindService(
    Health,
    {
      async check(request) {
        if (!known.has(request.service)) {
          throw new ConnectError("unknown service", Code.NotFound);
        }
        return { status: await status() };
      },
      async list() {
        const now = await status();
        return { statuses: Object.fromEntries([...known].map((name) => [name, { status: now }])) };
      },
      async *watch(request, context) {
        let last: Status | undefined;
        while (!context.signal.aborted) {
          const now = known.has(request.service) ? await status() : Status.SERVICE_UNKNOWN;
          if (now !== last) {
            last = now;
            yield { status: now };
          }
          await sleep(watchIntervalMs, undefined, { signal: context.signal, ref: false }).catch(() => {});
        }
        context.signal.throwIfAborted();
      },
    },
    { public: true },
  );
}
