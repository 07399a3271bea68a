import { Code, ConnectError } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { createStatusBoard } from "./framings/status-board.ts";
import { bindService, type HealthSource, type ServiceBinding } from "./options.ts";

const watchIntervalMs = 1_000;

/** `grpc.health.v1.Health` over one source: every service has the status of the server. */
export function bindHealth(source: HealthSource, serviceNames: readonly string[]): ServiceBinding {
  const known = new Set(["", ...serviceNames]);
  const board = createStatusBoard(async () => {
    const { ready } = await source.ready().catch(() => ({ ready: false }));
    return ready ? Status.SERVING : Status.NOT_SERVING;
  }, watchIntervalMs);
  return bindService(
    Health,
    {
      async check(request) {
        if (!known.has(request.service)) {
          throw new ConnectError("unknown service", Code.NotFound);
        }
        return { status: await board.look() };
      },
      async list() {
        const now = await board.look();
        return { statuses: Object.fromEntries([...known].map((name) => [name, { status: now }])) };
      },
      async *watch(request, { signal }) {
        if (known.has(request.service)) {
          for await (const status of board.follow(signal)) {
            yield { status };
          }
        } else {
          yield { status: Status.SERVICE_UNKNOWN };
          await abortOf(signal);
        }
        signal.throwIfAborted();
      },
    },
    { public: true },
  );
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
