/** What a log says of one row; both are safe to show. */
type Facts = Readonly<Record<string, string | number | null>>;

/** A secret with all that an import takes (contract people.md, section 6). */
export interface ExportedSecret {
  readonly name: string;
  readonly value: string;
  readonly purposeTag: string | null;
  readonly boundZid: string;
  readonly permissions: readonly string[];
  /** Null: never sealed again by itself. */
  readonly expiresZeqond: number | null;
  /** Of the read. */
  readonly receipt: Facts | null;
}

export interface ExportHeader {
  /** ISO 8601. */
  readonly exportedAt: string;
  /** Its URL. */
  readonly vault: string;
  /** The log's newest row when the export began. */
  readonly head: Facts | null;
}

/**
 * Writes our own export piece by piece, one secret at a time, so that it can be sealed as it is read. How many there are
 * stands at the end, when it is known; an import compares it.
 *
 * The pieces hold values. What `secrets` throws comes through, and the text is then not complete.
 *
 * @example
 * for await (const piece of writeExport(header, secrets)) {
 *   file.write(piece);
 * }
 */
export async function* writeExport(
  { exportedAt, vault, head }: ExportHeader,
  secrets: AsyncIterable<ExportedSecret> | Iterable<ExportedSecret>,
): AsyncGenerator<string, void> {
  const header = JSON.stringify({ zsc: "export", version: 1, exportedAt, vault, head });
  yield `${header.slice(0, -1)},"secrets":[`;
  let count = 0;
  for await (const secret of secrets) {
    yield `${count === 0 ? "\n" : ",\n"}${JSON.stringify(toItem(secret))}`;
    count += 1;
  }
  yield `\n],"count":${count}}\n`;
}

/** Field by field: what a caller's object has beyond them is not written. */
function toItem({ name, value, purposeTag, boundZid, permissions, expiresZeqond, receipt }: ExportedSecret) {
  return { name, value, purposeTag, boundZid, permissions, expiresZeqond, receipt };
}
