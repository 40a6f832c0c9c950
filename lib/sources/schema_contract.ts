// @ts-types="@types/pg"
import type pg from "pg";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { SOURCE_TABLES, type SourceTable } from "./source_tables.ts";

/** Type by column name. */
type FoundColumns = Map<string, string>;

/**
 * Checks that the five source tables are as `SOURCE_TABLES` says. A column may be narrower than agreed
 * (`varchar(10)` for `varchar(20)`) and text of any length, since every value then fits the lake's type.
 *
 * @returns columns that the contract does not know, as `table.column`.
 * @throws {SchemaContractError} with every table and column that is missing or of another type.
 */
export async function checkSchemaContract(client: pg.Client): Promise<string[]> {
  const found = await readColumns(client);
  const broken = SOURCE_TABLES.flatMap((table) => violations(table, found.get(table.name)));
  if (broken.length > 0) {
    throw new SchemaContractError("The shop's tables are not as agreed", {
      expected: broken.map(({ expected }) => expected).join("; "),
      found: broken.map(({ found }) => found).join("; "),
      remedy:
        "Correct the tables, grant the user SELECT on them if they are there, or set SHOPFLOW_POSTGRES_URL " +
        "to the shop's database.",
    });
  }
  return SOURCE_TABLES.flatMap(({ name, columns }) => {
    const known = new Set(columns.map((column) => column.name));
    return [...found.get(name)!.keys()].filter((column) => !known.has(column)).map((column) =>
      `${name}.${column}`
    );
  });
}

function violations(
  { name, columns }: SourceTable,
  found: FoundColumns | undefined,
): { expected: string; found: string }[] {
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
    default:
      return found === agreed;
  }
}

/** `numeric(10,2)` as `["numeric", "10", "2"]`. */
const parts = (type: string) => type.split(/[(),]/).filter((part) => part !== "");

async function readColumns(client: pg.Client): Promise<Map<string, FoundColumns>> {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    `SELECT table_name AS table, column_name AS column,
            data_type || CASE
              WHEN character_maximum_length IS NOT NULL THEN '(' || character_maximum_length || ')'
              WHEN data_type = 'numeric' AND numeric_precision IS NOT NULL
                THEN '(' || numeric_precision || ',' || numeric_scale || ')'
              ELSE '' END AS type
       FROM information_schema.columns
      WHERE table_schema = (SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                             WHERE pg_class.oid = to_regclass(quote_ident(table_name)))
        AND table_name = ANY ($1)
      ORDER BY table_name, ordinal_position`,
    [SOURCE_TABLES.map(({ name }) => name)],
  );
  const tables = new Map<string, FoundColumns>();
  for (const { table, column, type } of rows) {
    if (!tables.has(table)) tables.set(table, new Map());
    tables.get(table)!.set(column, type);
  }
  return tables;
}
