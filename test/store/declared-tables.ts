import { type AnyTable, declareTable } from "../../src/ledger/table.ts";
import { tables } from "../../src/tables.ts";

/** A kind of record that only tests know. This declaration is all that it takes. */
export interface Note {
  readonly shelf: string;
  readonly number: number;
  readonly id: string;
  readonly version: number;
  readonly text: string;
  readonly tags: readonly string[];
  readonly blob: Uint8Array | null;
  readonly madeAt: string;
  readonly color: string | null;
}

export const notes = declareTable<Note>({
  name: "note",
  since: 3,
  kind: "versioned",
  columns: [
    { field: "shelf", name: "shelf", type: "text", maxBytes: 100 },
    { field: "number", name: "number", type: "integer" },
    { field: "id", name: "id", type: "uuid" },
    { field: "version", name: "version", type: "integer" },
    { field: "text", name: "text", type: "text" },
    { field: "tags", name: "tags", type: "texts" },
    { field: "blob", name: "blob_", type: "bytes", maxBytes: 64, optional: true, unlisted: true },
    { field: "madeAt", name: "made_at", type: "time" },
    { field: "color", name: "color", type: "text", maxBytes: 20, optional: true },
  ],
  key: ["shelf", "number"],
  identity: "id",
  lookups: { shelf: ["shelf"], color: ["shelf", "color"] },
  digestPrefix: "test-note-v1",
  log: {
    originPrefix: "zsc:note|",
    put: ["note_written"],
    removed: "note_removed",
    created: "created",
    noun: "note",
  },
});

/** Nobody can grant himself one of these in the table. */
export interface Pass {
  readonly holder: string;
  readonly version: number;
  readonly rights: readonly string[];
  readonly shown: number;
  readonly shownZeqond: number | null;
}

export const passes = declareTable<Pass>({
  name: "pass",
  since: 3,
  kind: "versioned",
  columns: [
    { field: "holder", name: "holder", type: "text", maxBytes: 100 },
    { field: "version", name: "version", type: "integer" },
    { field: "rights", name: "rights", type: "texts" },
  ],
  key: ["holder"],
  lookups: {},
  counters: { count: "shown", latest: "shownZeqond" },
  digestPrefix: "test-pass-v1",
  vouched: true,
  log: {
    originPrefix: "zsc:pass|",
    put: ["pass_given"],
    removed: "pass_taken",
    created: "created",
    noun: "pass",
  },
});

/** The same notes, as a later program declares them. */
export const laterNotes: AnyTable = {
  ...notes,
  columns: [...notes.columns, { field: "mood", name: "mood", type: "text", maxBytes: 20, optional: true, since: 6 }],
};

export const withNotes: readonly AnyTable[] = [...tables, notes, passes];
