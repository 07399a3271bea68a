import { brokenDay, day, type Step } from "../../fixtures/day.ts";
import { play } from "../../fixtures/play.ts";
import { type LogRow, logRows } from "../../fixtures/tables.ts";
import type { Vault } from "../support/vault.ts";

/** What a step of a day leaves in the log, but for what differs each time: ids, times and hashes. */
export interface RowsOfStep {
  readonly step: Step;
  readonly rows: readonly RowText[];
}

/** The texts of a row. */
export type RowText = Pick<LogRow, "originId" | "actorZid" | "transitionType" | "proofPurpose" | "payloadJson">;

const defaultExpiryZeqonds = 86_400;

/** Takes every step of a day over an empty vault, and of one on which a row is altered by hand. */
export async function rowsOfCalls(vault: Vault): Promise<readonly RowsOfStep[]> {
  const played = await play(vault, [...day, ...brokenDay]);
  const log = await logRows(vault.databaseUrl);
  return played.map(({ step, lastSeq }, index) => ({
    step,
    rows: log.slice(played[index - 1]?.lastSeq ?? 0, lastSeq).map(textsOf),
  }));
}

function textsOf(row: LogRow): RowText {
  const { originId, actorZid, transitionType, proofPurpose, zeqondNumber } = row;
  const payloadJson = row.payloadJson
    .replace(`"expires_zeqond":${zeqondNumber + defaultExpiryZeqonds}`, '"expires_zeqond":<by default>')
    .replace(/"sealed_digest":"[0-9a-f]{64}"\}$/, '"sealed_digest":"<64 hex digits>"}');
  return { originId, actorZid, transitionType, proofPurpose, payloadJson };
}
