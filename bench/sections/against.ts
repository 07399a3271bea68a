import { join } from "node:path";
import { readCall } from "../calls.ts";
import { cpuOf, loadOf, measureInTurn, of, p50Of, type Target } from "../measure.ts";
import { databaseKinds, databaseTitles, onScene, type Scene, usualNumbers } from "../scene.ts";
import type { DatabaseKind, Stage } from "../stage.ts";
import { ownerZid, secretName, secretValue } from "../vault-content.ts";
import { crowdsOf, type Section } from "./section.ts";

/** Sets at once, while a vault is filled. */
const setsAtOnce = 16;

/** Only with `--against`: two programs, each with a vault of its own that it has filled itself, since their schemas may differ. */
export const againstSection: Section = {
  name: "against",
  title: "The read, beside another checkout",
  about:
    "gRPC, `zsc serve` in production mode as built in this checkout and in the one that --against names, over 1,000 " +
    "secrets of 100 bytes, in turn. CPU µs: of the server, and of the database; their sum is what the second ratio compares. " +
    "The other checkout of the goals is commit 2076449.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const call = readCall("grpc", usualNumbers, stage.tokens);
      const other = join(stage.options.against ?? "", "bin/zsc.mjs");
      const contenders = [];
      for (const kind of databaseKinds) {
        const here = await filled(stage, scene, kind, {});
        const there = await filled(stage, scene, kind, { program: other });
        for (const inFlight of [1, ...crowdsOf(stage.options)]) {
          const id = `against/${kind}/${inFlight}`;
          const what = `read, ${databaseTitles[kind]}`;
          const yardstick = `${id}/there`;
          const against = [of(yardstick, "of there"), cpuOf(yardstick, "of its CPU"), p50Of(yardstick, "of its p50")];
          contenders.push(
            loadOf(stage, { id: `${id}/there`, what: `${what}, there`, inFlight, call, target: there }),
            loadOf(stage, { id: `${id}/here`, what: `${what}, here`, inFlight, call, target: here, against }),
          );
        }
      }
      return await measureInTurn(stage, contenders);
    }),
};

async function filled(
  { tokens, progress }: Stage,
  scene: Scene,
  kind: DatabaseKind,
  options: { readonly program?: string },
): Promise<Target> {
  const target = await scene.zsc(await scene.bareVault(kind), options);
  const [port] = target.ports;
  const left = [...usualNumbers];
  const fill = async () => {
    for (let number = left.pop(); number !== undefined; number = left.pop()) {
      progress.show(`filling a vault: ${left.length} to go`);
      await set(port ?? 0, tokens.admin, number);
    }
  };
  await Promise.all(Array.from({ length: setsAtOnce }, fill));
  return target;
}

async function set(port: number, token: string, number: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/zsc/set`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: secretName(number), value: secretValue(number), boundZid: ownerZid }),
  });
  if (!answer.ok) {
    throw new Error(`a set was answered ${answer.status}: ${await answer.text()}`);
  }
}
