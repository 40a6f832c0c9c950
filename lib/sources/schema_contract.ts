// @ts-types="@types/pg"
import type pg from "pg";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { SOURCE_TABLES, type SourceTable } from "./source_tables.ts";

/** Type by column name. */
type FoundColumns = Map<string, string>;

/** How the shop's tables compare with what was agreed. */
export interface SchemaReport {
  /** Columns that the contract does not know, as `table.column`. */
  unread: string[];
  /** What is wrong, by table that cannot be read. */
  broken: Map<string, SchemaContractError>;
}

/**
 * Compares the five source tables with `SOURCE_TABLES`. A column may be narrower than agreed (`varchar(10)`
 * for `varchar(20)`) and text of any length, since every value then fits the lake's type.
 *
 * @throws {SchemaContractError} with everything that is wrong, when no table is as agreed.
 */
export async function checkSchemaContract(client: pg.Client): Promise<SchemaReport> {
  const found = await readColumns(client);
  const wrong = SOURCE_TABLES.map((table) => ({
    name: table.name,
    violations: violations(table, found.get(table.name)),
  })).filter(({ violations }) => violations.length > 0);
  if (wrong.length === SOURCE_TABLES.length) {
    throw contractError("The shop's tables are not as agreed", wrong.flatMap(({ violations }) => violations));
  }
  const broken = new Map(wrong.map(({ name, violations }) => [
    name,
    contractError(`The shop's table ${name} is not as agreed`, violations),
  ]));
  const unread = SOURCE_TABLES.flatMap(({ name, columns }) => {
    const known = new Set(columns.map((column) => column.name));
    return [...(found.get(name)?.keys() ?? [])].filter((column) => !known.has(column))
      .map((column) => `${name}.${column}`);
  });
  return { unread, broken };
}

function contractError(problem: string, wrong: Violation[]): SchemaContractError {
  return new SchemaContractError(problem, {
    expected: wrong.map(({ expected }) => expected).join("; "),
    found: wrong.map(({ found }) => found).join("; "),
    remedy: "Correct the tables, grant the user SELECT on them if they are there, or set " +
      "SHOPFLOW_POSTGRES_URL to the shop's database.",
  });
}

interface Violation {
  expected: string;
  found: string;
}

function violations(
  { name, columns }: SourceTable,
  found: FoundColumns | undefined,
): Violation[] {
  if (found === undefined) return [{ expected: `table ${name}`, found: `no table ${name}` }];
  return columns.flatMap((column) => {
    const type = found.get(column.name);
    if (type !== undefined && typeFits(type, column.type)) return [];
    const label = `${name}.${column.name}`;
    return [{
      expected: `${label} ${column.type}`,
      found: type === undefined ? `no column ${label}` : `${label} ${type}`,
    }];
  });
}

/** Whether every value of PostgreSQL type `found` is one of type `agreed` as the lake stores it. */
export function typeFits(found: string, agreed: string): boolean {
  const [foundBase, ...foundSize] = parts(found);
  const [agreedBase, ...agreedSize] = parts(agreed);
  switch (agreedBase) {
    case "character varying":
    case "text":
      return foundBase === "character varying" || foundBase === "text";
    case "integer":
      return foundBase === "integer" || foundBase === "smallint";
    case "numeric": {
      const [precision = 0, scale = 0] = agreedSize.map(Number);
      const [foundPrecision = Infinity, foundScale = 0] = foundSize.map(Number);
      return foundBase === "numeric" && foundScale <= scale &&
        foundPrecision - foundScale <= precision - scale;
    }
    case "timestamp without time zone":
      // With a precision, as in `timestamp(3) without time zone`, it holds some of the same times.
      return found.replace(/^timestamp\(\d\)/, "timestamp") === agreed;
    default:
      return found === agreed;
  }
}

/** `numeric(10,2)` as `["numeric", "10", "2"]`. */
const parts = (type: string) => type.split(/[(),]/).filter((part) => part !== "");

async function readColumns(client: pg.Client): Promise<Map<string, FoundColumns>> {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    // Of the catalogue rather than of information_schema, which leaves out materialized views.
    `SELECT name AS table, attname AS column,
            CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod)
                 ELSE format_type(atttypid, atttypmod) END AS type
       FROM unnest($1::text[]) AS name
       JOIN pg_attribute ON attrelid = to_regclass(quote_ident(name))::oid
       JOIN pg_type ON pg_type.oid = atttypid
      WHERE attnum > 0 AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')
      ORDER BY name, attnum`,
    [SOURCE_TABLES.map(({ name }) => name)],
  );
  const tables = new Map<string, FoundColumns>();
  for (const { table, column, type } of rows) {
    if (!tables.has(table)) tables.set(table, new Map());
    tables.get(table)!.set(column, type);
  }
  return tables;
}
