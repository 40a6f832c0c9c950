import type { CopiedRows } from "./csv_copy.ts";
import { monthSql, type SourceFigures } from "./monthly_figures.ts";
import type { ExtractedTable } from "./source_tables.ts";

/** Values of a unit's columns, as text. */
export type UnitKey = (string | null)[];

/** Which rows of a table to read; without anything, all. */
export interface RowSelection {
  /** Rows whose `column` is at or after `from` (`YYYY-MM-DD[ HH:MM:SS…]`), or NULL. */
  since?: { column: string; from: string };
  /** Rows of these months too (`2024-05` or `undated`). */
  months?: { column: string; months: string[] };
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
  /**
   * Whether all that a run reads is of one moment, so that what differs differs; months can then be asked for. Where
   * it is not, rows may have come and gone between two looks.
   */
  readonly ofOneMoment: boolean;
  /**
   * Counts and sums all rows of a table. Undefined where every copy is of all rows whatever is asked for: there is
   * nothing that it could have missed.
   */
  figures?(table: ExtractedTable): Promise<SourceFigures>;
  /** Copies the selected rows of a table into a new CSV file. */
  copy(table: ExtractedTable, path: string, selection: RowSelection): Promise<CopiedRows>;
}

/** The selection as a condition in PostgreSQL; `types` are the columns' PostgreSQL types. */
export function selectionSql(
  { since, months, units }: RowSelection,
  unit: string[],
  types: Map<string, string>,
): string {
  const times = [];
  if (since) {
    const column = `"${since.column}"`;
    times.push(`${column} >= ${literal(since.from, types.get(since.column)!)} OR ${column} IS NULL`);
  }
  if (months) {
    const texts = months.months.map((month) => literal(month, "text"));
    times.push(`${monthSql(months.column)} IN (${texts.join(", ")})`);
  }
  const conditions = [];
  if (times.length > 0) conditions.push(`(${times.join(" OR ")})`);
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
