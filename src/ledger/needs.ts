import type { Need, Operation } from "./operation.ts";
import { keyText } from "./record.ts";
import type { TableNeeds } from "./store.ts";
import type { AnyTable, Key } from "./table.ts";

/** The union of what the operations of a batch need, by table. */
export function needsOf(operations: readonly Pick<Operation<unknown>, "needs">[]): ReadonlyMap<AnyTable, TableNeeds> {
  const needs = new Map<AnyTable, CollectedNeeds>();
  // Operations share the objects of what they have in common.
  const added = new Set<Need>();
  for (const operation of operations) {
    for (const need of operation.needs) {
      if (!added.has(need)) {
        added.add(need);
        addNeed(needs, need);
      }
    }
  }
  return needs;
}

interface CollectedNeeds extends TableNeeds {
  readonly keys: Map<string, Key>;
  readonly changes: Set<string>;
  readonly lookups: Map<string, Map<string, Key>>;
}

function addNeed(needs: Map<AnyTable, CollectedNeeds>, need: Need): void {
  let ofTable = needs.get(need.table);
  if (ofTable === undefined) {
    ofTable = { keys: new Map(), changes: new Set(), lookups: new Map() };
    needs.set(need.table, ofTable);
  }
  if ("inserts" in need) {
    return;
  }
  if ("lookup" in need) {
    const known = ofTable.lookups.get(need.lookup) ?? new Map<string, Key>();
    ofTable.lookups.set(need.lookup, known.set(keyText(need.by), need.by));
    return;
  }
  const text = keyText(need.key);
  ofTable.keys.set(text, need.key);
  if (need.changes) {
    ofTable.changes.add(text);
  }
}
