/**
 * Text of printable ASCII without a quote or a backslash is sent in quotes, everything else as hex. Every character set
 * and every `sql_mode` reads the same bytes in it, so no server setting can turn a value into SQL.
 */
const quotable = /^[ -&(-[\]-~]*$/;

/**
 * A value as SQL: a text as its UTF-8, bytes as they are, a list as its entries with commas between them. A list in a
 * list is a row of values.
 */
export function literal(value: unknown): string {
  if (typeof value === "string") {
    return quotable.test(value) ? `'${value}'` : hex(Buffer.from(value, "utf8"));
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    return String(value);
  }
  if (value === null) {
    return "NULL";
  }
  if (value instanceof Uint8Array) {
    return hex(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  }
  if (Array.isArray(value)) {
    return value.map((entry) => (Array.isArray(entry) ? tuple(entry) : literal(entry))).join(", ");
  }
  // The message omits the value, which may be a caller's.
  throw new TypeError(`a ${typeof value} is no value of a column`);
}

/** Values in parentheses, as a row of an INSERT. */
export function tuple(values: readonly unknown[]): string {
  let sql = "(";
  for (const value of values) {
    sql += sql.length === 1 ? literal(value) : `, ${literal(value)}`;
  }
  return `${sql})`;
}

/** Substitutes a value for each `?` of a statement, whose text is ours and has no other `?`. */
export function bind(sql: string, values: readonly unknown[]): string {
  const parts = sql.split("?");
  if (parts.length !== values.length + 1) {
    throw new TypeError(`${parts.length - 1} places for ${values.length} values`);
  }
  return parts.reduce((text, part, index) => text + literal(values[index - 1]) + part);
}

function hex(bytes: Buffer): string {
  return `X'${bytes.toString("hex")}'`;
}
