/**
 * Many rows of the log, concatenated by the database into one buffer: columns that are only hashed are never decoded.
 *
 * Each row is the hash prefix followed by its columns in the order of `auditColumns`, each preceded by a separator.
 * NULL is empty. The reader overwrites the separators with the lengths, which yields exactly the bytes to hash.
 */
export interface RowBlock {
  /** The number of rows, as counted by the database. */
  readonly count: number;
  readonly bytes: Buffer;
  /** Where the log has pointers (`LogPointers`): those of the rows, in decimal with commas between them. */
  readonly before?: string;
}

/** A placeholder of the size of a field's length. Our columns never hold a control character. */
export const separatorHex = "00000000";
