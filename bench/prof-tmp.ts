import { readCall } from "./calls.ts";
import { loadOf, measureInTurn } from "./measure.ts";
import { onScene, usualNumbers } from "./scene.ts";
import { openStage } from "./stage.ts";
import { createProgress } from "./progress.ts";
import { parseOptions } from "./options.ts";
import { secretName, secretValue, ownerZid } from "./vault-content.ts";
const [kind, ...programs] = process.argv.slice(2) as any;
const stage = await openStage(parseOptions(["--rounds","6","--seconds","2"]), createProgress(process.stderr));
await onScene(stage, async (scene) => {
  const cs = [];
  for (const program of programs) {
    const target = await scene.zsc(await scene.bareVault(kind), { program });
    for (const n of usualNumbers) { const r = await fetch(`http://127.0.0.1:${target.ports[0]}/api/zsc/set`, {method:"POST", headers:{authorization:`Bearer ${stage.tokens.admin}`,"content-type":"application/json"}, body: JSON.stringify({name:secretName(n),value:secretValue(n),boundZid:ownerZid})}); await r.text(); }
    cs.push(loadOf(stage, { id: program, what: program, inFlight: 256, call: readCall("grpc", usualNumbers, stage.tokens), target }));
  }
  for (const r of await measureInTurn(stage, cs)) console.log(r.id.split("/")[2], r.samples.map((s:any)=>[Math.round(s.value), Math.round(s.serverCpuUs)].join("/")).join(" "));
});
await stage.close();
