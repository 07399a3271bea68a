import type { AnyTable, Condition, Selection } from "../../ledger/index.ts";
import { columnOf } from "./table-sql.ts";

/** How a database words what differs. Texts are SQL. */
export interface SelectionDialect {
  /** The value of a counter of the record `r`; null for none. */
  counter(table: AnyTable, column: "read_count" | "last_read_zeqond"): string;
  /** What follows `FROM … r`, so that counters can be had. */
  withCounters(table: AnyTable): string;
  /** The bytes of a text with A to Z in lower case, and nothing else changed. */
  lowered(column: string): string;
  /** Whether a list of texts holds one, and the values of its `?`. */
  holds(column: string, text: string): Sql;
  /** What follows `FROM table r`: all records are looked at, in the order of the table, or keys alone, in theirs. */
  scan(table: AnyTable, by: "table" | "key"): string;
  /** What ends a subquery whose rows are to be found first, in the order of the key. */
  first(table: AnyTable): string;
}

export interface Sql {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** The SQL of a selection: its texts are of the declaration, whatever is selected for goes as a value. */
export interface SelectedSql {
  /** From `FROM` on: one `r` for each record, of which only the columns of the key may be used. */
  readonly from: string;
  /** `WHERE`, when it is a walk. */
  readonly where: string;
  readonly values: readonly unknown[];
  /** `ORDER BY`, also for a join of the keys with their records and counters. */
  readonly order: string;
  /** Whether an index leads from one record to the next; else every record is looked at, and the keys are to be found first. */
  readonly isWalk: boolean;
}

export function selectedSql(table: AnyTable, select: Selection, dialect: SelectionDialect): SelectedSql {
  const { after, order, where = [] } = select;
  const keys = table.key.map((field) => `r.${columnOf(table, field)}`);
  const direction = order?.descending ? "DESC" : "ASC";
  const orderField = order?.field;
  const ordered =
    orderField === undefined ? undefined : orderedSql(valueSql(table, orderField, dialect), order?.absent);
  const behind = after === null ? [] : [behindSql(keys, ordered, direction, after)];
  const isOrderCounted = orderField !== undefined && isCounter(table, orderField);
  const outer = where.filter((condition) => isCounted(table, condition));
  const inner = where.filter((condition) => !outer.includes(condition));
  const isWalk =
    orderField === undefined && outer.length === 0 && where.every((condition) => hasIndex(table, condition));
  const shape = {
    order: `ORDER BY ${ordered === undefined ? keys.map((key) => `${key} ${direction}`).join(", ") : [`${ordered} ${direction}`, ...keys].join(", ")}`,
    isWalk,
  };
  const found = inner.map((condition) => conditionSql(table, condition, dialect));
  if (!isOrderCounted && outer.length === 0) {
    const all = conjunction([...found, ...behind]);
    const hint = isWalk ? "" : dialect.scan(table, "table");
    return { ...shape, from: `FROM ${table.name} r ${hint} ${all.sql}`, where: all.sql, values: all.values };
  }
  const then = outer.map((condition) => conditionSql(table, condition, dialect));
  // Origins have the order of the keys: in another, each would be looked up for itself.
  if (inner.every((condition) => isOfKey(table, condition))) {
    const all = conjunction([...found, ...then, ...behind]);
    const from = `FROM ${table.name} r ${dialect.scan(table, "key")} ${dialect.withCounters(table)} ${all.sql}`;
    return { ...shape, from, where: "", values: all.values };
  }
  const first = conjunction([...found, ...(isOrderCounted ? [] : behind)]);
  const last = conjunction([...then, ...(isOrderCounted ? behind : [])]);
  const columns = orderField === undefined || isOrderCounted ? keys : [...keys, `r.${columnOf(table, orderField)}`];
  const subquery = `SELECT ${columns.join(", ")} FROM ${table.name} r ${dialect.scan(table, "table")} ${first.sql} ${dialect.first(table)}`;
  return {
    ...shape,
    from: `FROM (${subquery}) r ${dialect.withCounters(table)} ${last.sql}`,
    where: "",
    values: [...first.values, ...last.values],
  };
}

/** The selection whose records are counted: as many in any order. */
export function inAnyOrder({ order, ...select }: Selection): Selection {
  return order === undefined || select.after === null ? select : { ...select, order };
}

function conjunction(conditions: readonly Sql[]): Sql {
  const sql = conditions.length === 0 ? "" : `WHERE ${conditions.map((each) => each.sql).join(" AND ")}`;
  return { sql, values: conditions.flatMap(({ values }) => values) };
}

function isCounter({ counters }: AnyTable, field: string): boolean {
  return field === counters?.count || field === counters?.latest;
}

function isCounted(table: AnyTable, condition: Condition): boolean {
  return condition.kind !== "either" && isCounter(table, condition.field);
}

function isOfKey(table: AnyTable, condition: Condition): boolean {
  return condition.kind === "either"
    ? condition.of.every((each) => isOfKey(table, each))
    : table.key.includes(condition.field);
}

/** Whether an index finds what meets a condition. */
function hasIndex({ key, lookups }: AnyTable, condition: Condition): boolean {
  switch (condition.kind) {
    case "starts_with":
      return key[0] === condition.field;
    case "at_most":
      return Object.values(lookups).some((fields) => fields.length === 1 && fields[0] === condition.field);
    default:
      return false;
  }
}

function orderedSql(value: string, absent: number | undefined): string {
  return absent === undefined ? value : `COALESCE(${value}, ${Number(absent)})`;
}

/** Records that have the same place in the order follow by their key. */
function behindSql(
  keys: readonly string[],
  ordered: string | undefined,
  direction: "ASC" | "DESC",
  after: readonly unknown[],
): Sql {
  const is = direction === "ASC" ? ">" : "<";
  const tuple = keys.length === 1 ? keys.join() : `(${keys.join(", ")})`;
  const marks = keys.length === 1 ? "?" : `(${keys.map(() => "?").join(", ")})`;
  if (ordered === undefined) {
    return { sql: `${tuple} ${is} ${marks}`, values: after };
  }
  const [value, ...key] = after;
  return { sql: `(${ordered} ${is} ? OR (${ordered} = ? AND ${tuple} > ${marks}))`, values: [value, value, ...key] };
}

function conditionSql(table: AnyTable, condition: Condition, dialect: SelectionDialect): Sql {
  if (condition.kind === "either") {
    const found = condition.of.map((each) => conditionSql(table, each, dialect));
    return { sql: `(${found.map(({ sql }) => sql).join(" OR ")})`, values: found.flatMap(({ values }) => values) };
  }
  const value = valueSql(table, condition.field, dialect);
  switch (condition.kind) {
    case "equals":
      return { sql: `${value} = ?`, values: [condition.value] };
    case "at_most":
      return { sql: `${value} <= ?`, values: [condition.value] };
    case "absent":
      return { sql: `${value} IS NULL`, values: [] };
    case "contains":
      return { sql: `INSTR(${dialect.lowered(value)}, ?) > 0`, values: [lowerAscii(condition.text)] };
    case "holds":
      return dialect.holds(value, condition.text);
    case "starts_with": {
      const end = textBehind(condition.text);
      return end === undefined
        ? { sql: `${value} >= ?`, values: [condition.text] }
        : { sql: `(${value} >= ? AND ${value} < ?)`, values: [condition.text, end] };
    }
  }
}

function valueSql(table: AnyTable, field: string, dialect: SelectionDialect): string {
  if (field === table.counters?.count) {
    return dialect.counter(table, "read_count");
  }
  return field === table.counters?.latest ? dialect.counter(table, "last_read_zeqond") : `r.${columnOf(table, field)}`;
}

/** A text with A to Z in lower case. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

const lastCodePoint = 0x10_ffff;
const surrogates = { first: 0xd8_00, last: 0xdf_ff };

/** The least text behind all that begin with `prefix`, in the order of the bytes of UTF-8, which is that of code points. */
function textBehind(prefix: string): string | undefined {
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const next = (last.codePointAt(0) ?? 0) + 1;
    if (next <= lastCodePoint) {
      const isSurrogate = next >= surrogates.first && next <= surrogates.last;
      return points.join("") + String.fromCodePoint(isSurrogate ? surrogates.last + 1 : next);
    }
  }
  return undefined;
}
