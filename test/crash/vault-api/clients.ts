import type { Keys } from "../tokens.ts";
import { runZsc } from "../zsc-server.ts";
import { type ApiCall, type ApiRequest, createLabels, type Ids, requestOf, type Who } from "./calls.ts";
import { type ApiFate, ApiJournal } from "./journal.ts";
import type { Hints } from "./plan.ts";
import type { ApiWire } from "./wire.ts";

/** The clients of `/v1` on one scene. */
export interface ApiClients {
  readonly journal: ApiJournal;
  /** One for each server. */
  readonly wires: readonly ApiWire[];
  readonly hints: Hints;
  readonly nextLabel: () => string;
  /** Makes an owner, a vault and agents, once the servers run. */
  prepare(databaseUrl: string, keys: Keys): Promise<void>;
  ids(): Ids;
  /** Sends a call and notes what became of it. */
  send(wire: ApiWire, call: ApiCall): Promise<ApiFate>;
}

const hour = 3_600;

export function createApiClients(wires: readonly ApiWire[]): ApiClients {
  const journal = new ApiJournal();
  const nextLabel = createLabels();
  const bearers = new Map<Who, string>();
  let known: Ids = { vaultId: "", guestId: "", rotatedId: "" };
  const clients: ApiClients = {
    journal,
    wires,
    hints: { newest: new Map(), policies: [] },
    nextLabel,
    ids: () => known,
    async send(wire, call) {
      const entry = journal.begin(call);
      entry.fate = await wire.send(requestOf(call, known), call.label, bearers.get(call.who));
      return entry.fate;
    },
    async prepare(databaseUrl, keys) {
      const made = await runZsc(["user", "create", "ann@example.com", "--owner", "--json"], databaseUrl, keys);
      bearers.set("owner", JSON.parse(made).api_key);
      const ask = (path: string, body: unknown) => askSetUp(clients, { method: "POST", path, body });
      const vaultId = String((await ask("/v1/vaults", { name: "crash" }))["id"]);
      const [worker, guest, rotated] = [
        await addAgent(ask, "worker"),
        await addAgent(ask, "guest"),
        await addAgent(ask, "rotated"),
      ];
      await ask(`/v1/vaults/${vaultId}/policies`, {
        ...{ secret_path_pattern: "**", principal_type: "agent", principal_id: worker.id },
        permissions: ["read", "write", "delete"],
      });
      bearers.set("worker", worker.token);
      bearers.set("guest", guest.token);
      known = { vaultId, guestId: guest.id, rotatedId: rotated.id };
    },
  };
  return clients;
}

type Ask = (path: string, body: unknown) => Promise<Readonly<Record<string, unknown>>>;

async function askSetUp(clients: ApiClients, request: ApiRequest): Promise<Readonly<Record<string, unknown>>> {
  const [wire] = clients.wires;
  if (wire === undefined) {
    throw new Error("there is no server");
  }
  const who = request.path.startsWith("/v1/auth/") ? "nobody" : "owner";
  const fate = await clients.send(wire, { label: clients.nextLabel(), kind: "setUp", who, request });
  if (fate.kind !== "answered" || fate.status >= 300) {
    throw new Error(`${request.path} was answered with ${JSON.stringify(fate)}`);
  }
  return fate.body;
}

async function addAgent(ask: Ask, name: string): Promise<{ readonly id: string; readonly token: string }> {
  const { agent, api_key } = await ask("/v1/agents", { name, token_ttl_seconds: 24 * hour });
  const { access_token: token } = await ask("/v1/auth/agent-token", { api_key });
  return { id: (agent as { readonly id: string }).id, token: String(token) };
}
