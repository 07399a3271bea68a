/** Vouches for the rows of tables that ask for it, under a key that whoever can write the tables does not have. */
export interface RowMac {
  /** The MAC of a row; `input` is what the row's digest covers, which begins with the table's own prefix. */
  vouch(input: Uint8Array): Uint8Array;
  /** Whether a MAC is that of a row, in constant time. False for anything malformed. */
  isVouched(input: Uint8Array, mac: Uint8Array): boolean;
}
