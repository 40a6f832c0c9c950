import type { CopiedRows } from "./csv_copy.ts";
import type { ExtractedTable } from "./source_tables.ts";

/** Values of a unit's columns, as text. */
export type UnitKey = (string | null)[];

/** Which rows of a table to read; without either, all. */
export interface RowSelection {
  /** Rows whose `column` is at or after `from` (`YYYY-MM-DD[ HH:MM:SS…]`), or NULL. */
  since?: { column: string; from: string };
  /** Rows of these units. */
  units?: UnitKey[];
}

/** What a source offers to the extract. */
export interface TableSource {
  /**
   * Whether rows can be asked for by their unit. Where they cannot, a second look at a unit costs as much as
   * reading the table.
   */
  readonly byUnit: boolean;
  /** Copies the selected rows of a table into a new CSV file. */
  copy(table: ExtractedTable, path: string, selection: RowSelection): Promise<CopiedRows>;
}

/** The selection as a condition in PostgreSQL; `types` are the columns' PostgreSQL types. */
export function selectionSql(
  { since, units }: RowSelection,
  unit: string[],
  types: Map<string, string>,
): string {
  const conditions = [];
  if (since) {
    const column = `"${since.column}"`;
    conditions.push(`(${column} >= ${literal(since.from, types.get(since.column)!)} OR ${column} IS NULL)`);
  }
  if (units) conditions.push(unitsSql(units, unit, types));
  return conditions.join(" AND ") || "true";
}

/** Units without NULL by one IN, which the database hashes; the few with one each by itself. */
function unitsSql(units: UnitKey[], unit: string[], types: Map<string, string>): string {
  const valueOf = (key: UnitKey, i: number) => literal(key[i]!, types.get(unit[i]!)!);
  const whole = units.filter((key) => !key.includes(null));
  const alternatives = units.filter((key) => key.includes(null)).map((key) =>
    "(" + unit.map((name, i) => key[i] === null ? `"${name}" IS NULL` : `"${name}" = ${valueOf(key, i)}`)
      .join(" AND ") +
    ")"
  );
  if (whole.length > 0) {
    const tuples = whole.map((key) => `(${unit.map((_, i) => valueOf(key, i)).join(", ")})`);
    const names = unit.map((name) => `"${name}"`).join(", ");
    alternatives.push(`(${names}) IN (VALUES ${tuples.join(", ")})`);
  }
  return alternatives.length === 0 ? "false" : `(${alternatives.join(" OR ")})`;
}

/** Text in quotes of the kind that reads backslashes the same whatever the server's settings are. */
function literal(value: string, type: string): string {
  return `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'::${type}`;
}
