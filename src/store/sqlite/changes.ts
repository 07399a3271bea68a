import { markAtFromEnd, markText } from "../../ledger/index.ts";
import { removals } from "../sql/index.ts";

/** SQL that is true of the rows of `audit_log` that change a record: word for word that of the index. */
export const isChange = `(substr(payload_json, -${markAtFromEnd}, ${markText.length}) = '${markText}' OR ${removals
  .map((type) => `transition_type = '${type}'`)
  .join(" OR ")})`;
