import { markAtFromEnd, markText, removalEnds } from "../../ledger/index.ts";

/** A row of one of these types is a change also when its payload does not say so: then no record is what it left. */
const always = ["secret_set", "secret_rotated"];

/** SQL that is true of the rows of `audit_log` that change a record: word for word that of the index. */
export const isChange = `(substr(payload_json, -${markAtFromEnd}, ${markText.length}) = '${markText}' OR ${[
  ...always.map((type) => `transition_type = '${type}'`),
  ...removalEnds.map((end) => `transition_type GLOB '*${end}'`),
].join(" OR ")})`;
