import { join } from "node:path";
import { run } from "../../test/support/programs.ts";
import { type Call, readCall, vaultGetCall, vaultPutCall, vaultReadCall } from "../calls.ts";
import type { Keys } from "../keys.ts";
import { type Contender, loadOf, measureInTurn, of, type Target } from "../measure.ts";
import { databaseKinds, databaseTitles, onScene, type Scene, usualNumbers } from "../scene.ts";
import type { DatabaseKind, Stage } from "../stage.ts";
import { secretName, secretValue } from "../vault-content.ts";
import { crowdsOf, type Section } from "./section.ts";

const program = join(import.meta.dirname, "../../bin/zsc.mjs");
const putsAtOnce = 16;

export const vaultApiSection: Section = {
  name: "vault-api",
  title: "The vault API, /v1",
  about:
    "GET and PUT of `/v1/vaults/{id}/secrets/{path}` over HTTP/1.1, a kept connection for each call in flight, beside the reads of ZSC's own surface at the same server, over gRPC and over the same HTTP/1.1, and beside GetSecret over gRPC, which is the same read. " +
    "1,000 paths with values of 100 bytes; by the owner, with his personal key (`1ck_`) or with a token made from it. Rate limits are off.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const contenders: Contender[] = [];
      for (const kind of databaseKinds) {
        const filled = await fill(stage, scene, kind);
        for (const inFlight of [1, ...crowdsOf(stage.options)]) {
          contenders.push(...contendersOf(stage, kind, filled, inFlight));
        }
      }
      return await measureInTurn(stage, contenders);
    }),
};

interface Filled {
  readonly target: Target;
  readonly vaultId: string;
  readonly key: string;
  readonly token: string;
}

function contendersOf(stage: Stage, kind: DatabaseKind, filled: Filled, inFlight: number): readonly Contender[] {
  const { target, vaultId, key, token } = filled;
  const id = (name: string) => `vault-api/${kind}/${name}/${inFlight}`;
  const against = [
    of(id("read"), "of the gRPC read"),
    of(id("read-http1"), "of the Connect read"),
    of(id("get-grpc"), "of GetSecret over gRPC"),
  ];
  const one = (name: string, what: string, call: Call, more: Pick<Contender, "against"> = { against }) =>
    loadOf(stage, { id: id(name), what: `${what}, ${databaseTitles[kind]}`, inFlight, call, target, ...more });
  return [
    one("read", "read, gRPC", readCall("grpc", usualNumbers, stage.tokens), {}),
    one("read-http1", "read, Connect over HTTP/1.1", readCall("connect-http1", usualNumbers, stage.tokens), {
      against: [of(id("read"), "of the gRPC read")],
    }),
    one("get-grpc", "GetSecret over gRPC, token", vaultReadCall(vaultId, usualNumbers, token), {
      against: [of(id("read"), "of the gRPC read")],
    }),
    one("get-key", "GET, 1ck_ key", vaultGetCall(vaultId, usualNumbers, key)),
    one("get-token", "GET, token", vaultGetCall(vaultId, usualNumbers, token)),
    one("put", "PUT, 1ck_ key", vaultPutCall(vaultId, usualNumbers, key)),
  ];
}

/** An owner, a vault and its secrets, beside those of the other surface. */
async function fill({ keys, progress }: Stage, scene: Scene, kind: DatabaseKind): Promise<Filled> {
  const vault = await scene.vault(kind);
  const target = await scene.zsc(vault, { rateLimit: "off" });
  const key = await createOwner(vault.url, keys);
  const base = `http://127.0.0.1:${target.ports[0]}/v1`;
  const ask = async (method: string, path: string, body: unknown) => {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
    }
    return JSON.parse(text);
  };
  const { id: vaultId } = await ask("POST", "/vaults", { name: "bench" });
  const { access_token: token } = await ask("POST", "/auth/api-key-token", { api_key: key });
  const left = [...usualNumbers];
  const put = async () => {
    for (let number = left.pop(); number !== undefined; number = left.pop()) {
      progress.show(`filling a vault of /v1: ${left.length} to go`);
      await ask("PUT", `/vaults/${vaultId}/secrets/${secretName(number)}`, { value: secretValue(number) });
    }
  };
  await Promise.all(Array.from({ length: putsAtOnce }, put));
  return { target, vaultId, key, token };
}

async function createOwner(url: string, { masterKey, jwtSecret }: Keys): Promise<string> {
  const made = await run(process.execPath, [program, "user", "create", "bench@example.com", "--owner", "--json"], {
    env: { ZSC_MODE: "production", ZSC_DATABASE_URL: url, ZSC_MASTER_KEY: masterKey, ZSC_JWT_SECRET: jwtSecret },
  });
  return JSON.parse(made).api_key;
}
