import { windowZeqonds } from "../domain/limiter.ts";
import type { AuditRow } from "./row.ts";
import type { Denial, Snapshot } from "./store.ts";
import type { Difference } from "./verify-report.ts";

/**
 * The log's denials that count or, where a clock was ahead, will count, for comparison with the limiter's table. Older
 * ones may or may not be in the table, so they are not compared.
 */
export class RecentDenials {
  readonly #nowZeqond: number;
  readonly #bySeq = new Map<number, Denial>();
  /** The Zeqond of the last denial of each ZID. */
  readonly #last = new Map<string, number>();

  constructor(nowZeqond: number) {
    this.#nowZeqond = nowZeqond;
  }

  /** Takes the rows of the log, in order. */
  note({ seq, actorZid, transitionType, proofPurpose, zeqondNumber }: AuditRow): void {
    if (transitionType !== "secret_denied" || proofPurpose !== "denied" || !this.#isNotOver(zeqondNumber)) {
      return;
    }
    this.#bySeq.set(seq, { seq, zid: actorZid, zeqond: zeqondNumber });
    this.#last.set(actorZid, Math.max(zeqondNumber, this.#last.get(actorZid) ?? 0));
  }

  async compare(snapshot: Pick<Snapshot, "denials">, limit: number): Promise<readonly Difference[]> {
    const differences: Difference[] = [];
    const differs = (seq: number, why: string) => {
      if (differences.length < limit) {
        differences.push({ name: null, seq, why });
      }
    };
    const missing = new Map(this.#bySeq);
    for await (const page of snapshot.denials()) {
      for (const denial of page) {
        const recorded = missing.get(denial.seq);
        missing.delete(denial.seq);
        if (recorded === undefined ? !this.#isNotOver(denial.zeqond) : isSame(denial, recorded)) {
          continue;
        }
        differs(denial.seq, "the limiter counts a denial that the log does not have like this");
      }
    }
    for (const denial of missing.values()) {
      if (!this.#mayBeForgotten(denial)) {
        differs(denial.seq, "the limiter does not count a denial that the log has");
      }
    }
    return differences;
  }

  #isNotOver(zeqond: number): boolean {
    return this.#nowZeqond - zeqond < windowZeqonds;
  }

  /**
   * Whether the limiter may have deleted it at a later denial of the same ZID. Such a denial is still recent here only
   * if our clock is behind, or the clock of the server that recorded the later denial was ahead.
   */
  #mayBeForgotten({ zid, zeqond }: Denial): boolean {
    return (this.#last.get(zid) ?? 0) - zeqond >= windowZeqonds;
  }
}

function isSame(one: Denial, other: Denial): boolean {
  return one.zid === other.zid && one.zeqond === other.zeqond;
}
