import type { Options } from "../options.ts";
import type { Row } from "../results.ts";
import type { Stage } from "../stage.ts";

/** A part of a run that can be asked for by name. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** What the figures mean. */
  readonly about: string;
  readonly unit: string;
  measure(stage: Stage): Promise<readonly Row[]>;
}

/** How many calls are in flight where concurrency counts. */
export function crowdsOf({ quick }: Options): readonly number[] {
  return quick ? [64] : [64, 256];
}
