import { InputError } from "shopflow/errors/mod.ts";
import { sqlString } from "shopflow/warehouse/mod.ts";

/** What a query may hold as a value. */
export type QueryValue = string | number | bigint | boolean | Date | null | QueryValue[];

/**
 * A query with its values written as SQL literals, so that a name with a quote in it is a name and not SQL. A list
 * becomes `(a, b)`, for `IN`.
 *
 * @throws {InputError} on a value that SQL has no literal for.
 */
export function queryText(query: string | TemplateStringsArray, values: unknown[]): string {
  if (typeof query === "string") return query;
  return query.raw.map((text, i) => i < values.length ? text + literal(values[i]) : text).join("");
}

function literal(value: unknown): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return sqlString(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    return `TIMESTAMP ${sqlString(value.toISOString().slice(0, -1))}`;
  }
  if (Array.isArray(value) && value.length > 0) return `(${value.map(literal).join(", ")})`;
  throw new InputError("Not a value for a query", {
    expected: "text, a finite number, true, false, a date, null, or a list of those that is not empty",
    found: Array.isArray(value) ? "an empty list" : `${typeof value} ${String(value)}`,
  });
}
