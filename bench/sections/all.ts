import { againstSection } from "./against.ts";
import { echoSection } from "./echo.ts";
import { framingsSection } from "./framings.ts";
import { generatorsSection } from "./generators.ts";
import { latencySection } from "./latency.ts";
import { listsSection } from "./lists.ts";
import { memorySection } from "./memory.ts";
import { naiveSection } from "./naive.ts";
import { operationsSection } from "./operations.ts";
import { peersSection } from "./peers.ts";
import { readSection } from "./read.ts";
import { replicasSection } from "./replicas.ts";
import { scaleSection } from "./scale.ts";
import type { Section } from "./section.ts";
import { startSection } from "./start.ts";
import { vaultApiSection } from "./vault-api.ts";
import { verifySection } from "./verify.ts";

const sections: readonly Section[] = [
  echoSection,
  readSection,
  latencySection,
  framingsSection,
  vaultApiSection,
  naiveSection,
  operationsSection,
  listsSection,
  replicasSection,
  scaleSection,
  verifySection,
  startSection,
  memorySection,
  generatorsSection,
];

export const sectionNames: readonly string[] = sections.map(({ name }) => name);

/** The sections of these names, in our order; all of them for none. @throws Error with the names that there are */
export function sectionsNamed(names: readonly string[]): readonly Section[] {
  const alone = [againstSection, peersSection].filter(({ name }) => names.includes(name));
  if (alone.length > 0) {
    return alone;
  }
  const unknown = names.filter((name) => !sections.some((section) => section.name === name));
  if (unknown.length > 0) {
    throw new Error(`there is no section ${unknown.join(", ")}; there are: ${sectionNames.join(", ")}`);
  }
  return names.length === 0 ? sections : sections.filter(({ name }) => names.includes(name));
}
