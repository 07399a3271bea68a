import type { WrongPointer } from "../../ledger/index.ts";
import { exactText } from "./exact-text.ts";
import { numberOf } from "./stored.ts";

/** From a row of: the row whose pointer it is, or NULL for that of an origin; the origin; where it points; where it should. */
export function wrongPointerOf([seq, originId, is, shouldBe]: readonly unknown[]): WrongPointer {
  const orNull = (value: unknown) => (value === null ? null : numberOf(value));
  return { seq: orNull(seq), originId: exactText(originId), is: orNull(is), shouldBe: orNull(shouldBe) };
}
