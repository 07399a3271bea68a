import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { http1Client } from "../e2e/support/http.ts";
import { grpcJsClient } from "../e2e/support/rpc-clients.ts";
import type { Vault } from "../e2e/support/vault.ts";

/** A caller who has nothing to do with it all, and is served all the while. */
export interface Bystander {
  readonly calls: number;
  readonly failures: readonly string[];
  /** The longest that a call has taken. */
  readonly slowestMs: number;
  stop(): Promise<void>;
}

const name = "bystander";
const zid = "ZEQ-BYSTANDER";

export async function startBystander(vault: Vault, ca: string | undefined): Promise<Bystander> {
  const { host, port } = vault;
  const http = http1Client(host, port, ca);
  const grpc = grpcJsClient({ host, port, ...(ca === undefined ? {} : { ca }) });
  const token = await vault.token("caller", zid);
  const admin = await vault.token("admin", "ZEQ-BYSTANDER-ADMIN");
  const state = { calls: 0, failures: [] as string[], slowestMs: 0, isOver: false };
  const count = async (what: string, call: () => Promise<string>, wanted: string) => {
    const since = performance.now();
    const got = await call().catch((error: unknown) => String(error));
    state.calls++;
    state.slowestMs = Math.max(state.slowestMs, performance.now() - since);
    if (got !== wanted) {
      state.failures.push(`${what}: ${got}`);
    }
  };
  const post = (path: string, body: unknown) => async () =>
    String((await http.send("POST", path, { token: admin, body })).status);
  const read = async () => {
    const outcome = await grpc.call(ZeqContext.method.read, { name, purpose: "bystander" }, { token });
    return outcome.message?.value ?? `${outcome.failure?.code} ${outcome.failure?.message}`;
  };
  await count("first set", post("/api/zsc/set", { name, value: "value", boundZid: zid }), "200");
  const run = async () => {
    while (!state.isOver) {
      await count("rotate", post(`/api/zsc/rotate/${name}`, {}), "200");
      await count("read", read, "value");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const running = run();
  return {
    get calls() {
      return state.calls;
    },
    get failures() {
      return state.failures;
    },
    get slowestMs() {
      return state.slowestMs;
    },
    async stop() {
      state.isOver = true;
      await running;
      http.close();
      grpc.close();
    },
  };
}
