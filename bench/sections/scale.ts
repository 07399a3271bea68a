import { readCall } from "../calls.ts";
import type { VaultSize } from "../fill.ts";
import { type Contender, loadOf, measureInTurn, of, type Target } from "../measure.ts";
import type { Row } from "../results.ts";
import { databaseKinds, databaseTitles, onScene, type Scene, usualSize, type Vault } from "../scene.ts";
import { openShelf } from "../shelf.ts";
import type { DatabaseKind, Stage } from "../stage.ts";
import type { Section } from "./section.ts";

const inFlight = 256;
const usualNames = 1_000;
const mostNames = 100_000;

const quickSizes: readonly VaultSize[] = [usualSize, { secrets: 2_000, reads: 5_000 }];
const defaultSizes: readonly VaultSize[] = [usualSize, { secrets: 10_000, reads: 100_000 }];
const largeSizes: readonly VaultSize[] = [
  usualSize,
  { secrets: 1_000_000, reads: 0 },
  { secrets: 1_000, reads: 10_000_000 },
  { secrets: 1_000_000, reads: 10_000_000 },
];

export const scaleSection: Section = {
  name: "scale",
  title: "Large vaults",
  about:
    "gRPC reads of 1,000 names, evenly spread over the vault's, and of up to 100,000 of them. `rows` are those of the log " +
    "besides the ones that record the making of the secrets. `--large` measures 10^6 secrets and 10^7 rows.",
  unit: "calls/s",
  measure: (stage) => (stage.options.large ? measureKept(stage) : measureFresh(stage)),
};

function measureFresh(stage: Stage): Promise<readonly Row[]> {
  const sizes = stage.options.quick ? quickSizes : defaultSizes;
  return onScene(stage, (scene) => compare(stage, scene, sizes, scene.vault));
}

async function measureKept(stage: Stage): Promise<readonly Row[]> {
  const shelf = await openShelf(stage.options.cache, stage.progress);
  try {
    // The servers and tokens must have the keys that the kept vaults were made with.
    const kept = { ...stage, keys: shelf.keys, tokens: shelf.tokens };
    return await onScene(kept, (scene) => compare(kept, scene, largeSizes, shelf.vault));
  } finally {
    await shelf.close();
  }
}

async function compare(
  stage: Stage,
  scene: Scene,
  sizes: readonly VaultSize[],
  vaultOf: (kind: DatabaseKind, size: VaultSize) => Promise<Vault>,
): Promise<readonly Row[]> {
  const contenders: Contender[] = [];
  for (const kind of databaseKinds) {
    for (const size of sizes) {
      const target = await scene.zsc(await vaultOf(kind, size));
      contenders.push(...readsOf(stage, kind, size, target));
    }
  }
  return await measureInTurn(stage, contenders);
}

function readsOf(stage: Stage, kind: DatabaseKind, size: VaultSize, target: Target): readonly Contender[] {
  const { secrets, reads } = size;
  const id = `scale/${kind}/${secrets}-${reads}`;
  const shown = `${databaseTitles[kind]}, ${secrets.toLocaleString("en")} secrets, ${reads.toLocaleString("en")} rows`;
  const against =
    size === usualSize ? [] : [of(`scale/${kind}/${usualSize.secrets}-${usualSize.reads}`, "of the small one")];
  const read = (names: number) => readCall("grpc", spread(secrets, names), stage.tokens);
  const few = loadOf(stage, { id, what: shown, inFlight, call: read(usualNames), target, against });
  if (secrets <= usualNames) {
    return [few];
  }
  const names = Math.min(secrets, mostNames);
  const what = `${shown}, ${names.toLocaleString("en")} names`;
  return [few, loadOf(stage, { id: `${id}/all`, what, inFlight, call: read(names), target, against })];
}

/** So many numbers below `of`, evenly spread. */
function spread(of: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => Math.floor((index * of) / count));
}
