/** Seeds: CSV files of the project that become tables, with the types that dbt gives their columns. */
import { WarehouseError } from "shopflow/errors/mod.ts";
import { parse } from "csv-parse/sync";
import { sqlName, sqlString } from "../../session.ts";
import type { SeedSettings } from "./config.ts";
import type { ProjectFile } from "./files.ts";

/**
 * A query of the rows of a seed.
 *
 * @throws {WarehouseError} when the file is no CSV, or a row has another number of cells than the header.
 */
export function seedSql(
  { path, text }: ProjectFile,
  { delimiter = ",", column_types = {} }: SeedSettings,
): string {
  const [header, ...rows] = cellsOf(path, text, delimiter);
  if (header === undefined) {
    throw new WarehouseError(`The seed ${path} is empty`, {
      expected: "a line with the names of the columns",
    });
  }
  const unknown = Object.keys(column_types).filter((name) => !header.includes(name));
  if (unknown.length > 0) {
    throw new WarehouseError(`The seed ${path} lacks columns that column_types names`, {
      expected: `one of ${header.join(", ")}`,
      found: unknown.join(", "),
    });
  }
  const types = header.map((name, i) => column_types[name] ?? inferredType(rows.map((row) => row[i]!)));
  const columns = header.map((name, i) => `cast(column${i} as ${types[i]}) as ${sqlName(name)}`).join(", ");
  // A table needs a row to have columns; the filter takes it out again.
  const lines = (rows.length === 0 ? [header.map(() => "")] : rows)
    .map((row) => `(${row.map((cell) => cell === "" ? "null" : sqlString(cell)).join(", ")})`);
  const names = header.map((_, i) => `column${i}`).join(", ");
  return `select ${columns}\nfrom (values\n${lines.join(",\n")}\n) as seed (${names})${
    rows.length === 0 ? "\nwhere false" : ""
  }`;
}

function cellsOf(path: string, text: string, delimiter: string): string[][] {
  try {
    return parse(text, { delimiter, bom: true, skip_empty_lines: true });
  } catch (cause) {
    throw new WarehouseError(`The seed ${path} cannot be read`, {
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "Correct that line, or set `delimiter`.",
      cause,
    });
  }
}

const NOTHING = /^(null)?$/i;
/** The first type that all cells have, as dbt tries them. */
const TYPES: [type: string, pattern: RegExp][] = [
  ["integer", /^[-+]?\d+$/],
  ["double", /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?%?$/i],
  ["date", /^\d{4}-\d\d-\d\d$/],
  ["timestamp", /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/],
  ["boolean", /^(true|false)$/i],
];

function inferredType(cells: string[]): string {
  const given = cells.map((cell) => cell.trim()).filter((cell) => !NOTHING.test(cell));
  return TYPES.find(([, pattern]) => given.every((cell) => pattern.test(cell)))?.[0] ?? "text";
}
