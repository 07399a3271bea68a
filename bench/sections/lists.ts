import { type Call, listCall } from "../calls.ts";
import type { VaultSize } from "../fill.ts";
import { type Contender, measureInTurn, of, runLoad, type Target } from "../measure.ts";
import { databaseKinds, databaseTitles, onScene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { ownerZid, secretName } from "../vault-content.ts";
import type { Section } from "./section.ts";

const usual: VaultSize = { secrets: 100_000, reads: 0 };
const quick: VaultSize = { secrets: 2_000, reads: 0 };
const pageSize = 100;

/** A first page, which is counted: by what, and with what. */
const searches = (some: number): readonly (readonly [name: string, request: Parameters<typeof listCall>[0]])[] => [
  ["by name", {}],
  ["prefix", { prefix: secretName(some).slice(0, -2) }],
  ["contains, one match", { contains: secretName(some).slice(-7) }],
  ["contains, all match", { contains: "SECRET" }],
  ["tag, no match", { purposeTag: "none" }],
  ["owner, all match", { boundZid: ownerZid }],
  ["reader, all match", { readerZid: ownerZid }],
  ["due", { due: true }],
  ["never read", { neverRead: true }],
  ["by change", { orderBy: "updated_at", descending: true }],
  ["by expiry", { orderBy: "expires_zeqond" }],
  ["by last read", { orderBy: "last_read_zeqond", descending: true }],
  ["by reads", { orderBy: "read_count", descending: true }],
  ["by reads, tag, no match", { orderBy: "read_count", purposeTag: "none" }],
  ["by reads, owner, all match", { orderBy: "read_count", boundZid: ownerZid }],
];

export const listsSection: Section = {
  name: "lists",
  title: "Lists and searches",
  about: `The median time of a first page of ${pageSize} secrets and of the count of all that match, of ${usual.secrets.toLocaleString("en")} secrets, one call in flight.`,
  unit: "p50 ms",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const size = stage.options.quick ? quick : usual;
      const rows: Contender[] = [];
      for (const kind of databaseKinds) {
        const target = await scene.zsc(await scene.vault(kind, size));
        for (const [name, request] of searches(Math.floor(size.secrets / 2))) {
          const call = listCall({ ...request, pageSize }, stage.tokens);
          const id = `lists/${kind}/${name.replaceAll(/\W+/g, "-")}`;
          const what = `${name}, ${databaseTitles[kind]}`;
          const against = name === "by name" ? [] : [of(`lists/${kind}/by-name`, "of the list by name")];
          rows.push({ id, what, against, ...medianOf(stage, call, target) });
        }
      }
      return await measureInTurn(stage, rows);
    }),
};

function medianOf(stage: Stage, call: Call, target: Target): Pick<Contender, "measure"> {
  return {
    async measure() {
      const warmUp = { seconds: 0.25, calls: 2 };
      const { p50Ms, p99Ms, failed, firstFailure } = await runLoad(stage, call, target, 1, warmUp);
      return { value: p50Ms, p99Ms, failed, firstFailure };
    },
  };
}
