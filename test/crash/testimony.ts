import { secretValueOf } from "./calls.ts";
import type { LogRow } from "./database-view.ts";
import type { Entry, Fate } from "./journal.ts";
import type { LoggedEvent } from "./replay.ts";

/**
 * Where a row does not say what its call's client was told; undefined when it does. `valueLabel`: the set that, by the
 * rows before it, gave the secret its value.
 */
export function contradictionOf(
  entry: Entry,
  row: LogRow,
  event: LoggedEvent,
  valueLabel: string | undefined,
): string | undefined {
  const { fate, kind, label, zid } = entry;
  const isGranted = event.type === "secret_read";
  if (!typesOf[kind].includes(event.type)) {
    return `the call ${label} is a ${kind}`;
  }
  if ((kind === "read" || kind === "batch" || kind === "probe") && event.actor !== zid) {
    return `its actor is not ${zid}`;
  }
  if (fate.kind !== "acknowledged" && fate.kind !== "refused") {
    return undefined;
  }
  // A refused item of a batch has no receipt of its own.
  const isExempt = kind === "batch" && fate.kind === "refused";
  if (!isExempt && fate.receipt !== `${row.seq}.${row.row_hash}`) {
    return `the receipt of ${label} is ${fate.receipt}`;
  }
  return contradictionInOutcome(entry, fate, event, isGranted, valueLabel);
}

function contradictionInOutcome(
  { kind, label }: Entry,
  fate: Extract<Fate, { kind: "acknowledged" | "refused" }>,
  { type, payload }: LoggedEvent,
  isGranted: boolean,
  valueLabel: string | undefined,
): string | undefined {
  const reason = payload["reason"];
  if (fate.kind === "refused") {
    // What is refused to a metadata call leaves its own kind of row.
    if (kind === "info") {
      return fate.reason === "NOT_FOUND" ? undefined : `the call ${label} heard ${fate.reason}`;
    }
    return type === "secret_denied" && String(reason).toUpperCase() === fate.reason
      ? undefined
      : `the call ${label} heard ${fate.reason}`;
  }
  if (kind === "probe") {
    const same = fate.granted === isGranted && (isGranted || fate.reason === reason);
    return same ? undefined : `the probe ${label} heard ${fate.granted} ${fate.reason}`;
  }
  if (type === "secret_denied") {
    return `the call ${label} was told that it was carried out`;
  }
  if (kind !== "read" && kind !== "batch") {
    return undefined;
  }
  return valueLabel !== undefined && fate.value === secretValueOf(valueLabel)
    ? undefined
    : `the read ${label} did not get the value of the set ${valueLabel}`;
}

const typesOf: Readonly<Record<Entry["kind"], readonly string[]>> = {
  set: ["secret_set"],
  read: ["secret_read", "secret_denied"],
  batch: ["secret_read", "secret_denied"],
  probe: ["secret_read", "secret_denied"],
  grant: ["secret_set", "secret_denied"],
  revoke: ["secret_set", "secret_denied"],
  rotate: ["secret_rotated", "secret_denied"],
  delete: ["secret_deleted", "secret_denied"],
  info: ["admin_info"],
};
