import type { ColumnTable } from "arquero";
import { table as toTable } from "arquero";
import { InputError } from "shopflow/errors/mod.ts";
import { sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import DICTIONARY from "./data_dictionary.json" with { type: "json" };
import { theShop } from "./shop.ts";

/** What the data dictionary says of a table. */
interface TableDoc {
  description: string;
  columns: Record<string, { type: string; meaning: string }>;
}

const documented = (name: string): TableDoc | undefined =>
  Object.hasOwn(DICTIONARY, name) ? (DICTIONARY as Record<string, TableDoc>)[name] : undefined;

/**
 * The tables of the lake, with their rows and what they hold: `await tables()`. Score tables are those whose names
 * begin with `scores_`.
 *
 * @throws {LakeError} when nothing was published yet.
 */
export async function tables(): Promise<ColumnTable> {
  const { session } = await theShop();
  const names = await tableNames();
  const counts = await session.rows<{ name: string; rows: number }>(
    names.map((name) => `SELECT ${sqlString(name)} AS name, count(*) AS rows FROM ${sqlName(name)}`)
      .join(" UNION ALL "),
  );
  const rows = new Map(counts.map(({ name, rows }) => [name, rows]));
  return toTable({
    table: names,
    rows: names.map((name) => rows.get(name) ?? 0),
    columns: await Promise.all(names.map(async (name) => (await columnsOf(name)).length)),
    holds: names.map((name) => documented(name)?.description ?? ""),
  });
}

/**
 * The columns of a table, with their types and meanings from the data dictionary: `await describe("fact_orders")`.
 *
 * @throws {InputError} when there is no such table, with those that there are.
 */
export async function describe(name: string): Promise<ColumnTable> {
  const columns = await columnsOf(await existing(name));
  const docs = documented(name)?.columns ?? {};
  return toTable({
    column: columns.map((column) => column.name),
    type: columns.map(({ type }) => type),
    meaning: columns.map((column) => docs[column.name]?.meaning ?? ""),
  });
}

/**
 * What is in the columns of a table: how many values are missing, how many differ, the smallest, middle and
 * largest, and the mean of numbers: `await profile("dim_customers")`.
 *
 * @throws {InputError} when there is no such table, with those that there are.
 */
export async function profile(name: string): Promise<ColumnTable> {
  const { session } = await theShop();
  const from = sqlName(await existing(name));
  // SUMMARIZE counts about: 6 of 7 values, and 130 of 120.
  const distinct = (await columnsOf(name)).map(({ name }) =>
    `SELECT ${sqlString(name)} AS name, count(DISTINCT ${sqlName(name)}) AS n FROM ${from}`
  );
  return toTable(
    await session.columns(`
      SELECT column_name AS "column", column_type AS "type", count AS "rows",
        round(count * null_percentage / 100)::BIGINT AS "missing",
        round(null_percentage::DOUBLE, 1) AS "missing %", n AS "distinct",
        min AS "smallest", q50 AS "median", max AS "largest", round(try_cast(avg AS DOUBLE), 3) AS "mean"
      FROM (SELECT *, row_number() OVER () AS place FROM (SUMMARIZE ${from})) JOIN (${
      distinct.join(" UNION ALL ")
    }) AS counted ON column_name = counted.name
      ORDER BY place`),
  );
}

async function tableNames(): Promise<string[]> {
  const { session } = await theShop();
  const found = await session.rows<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables ORDER BY name LIKE 'scores\\_%' ESCAPE '\\', name",
  );
  return found.map(({ name }) => name);
}

async function columnsOf(name: string): Promise<{ name: string; type: string }[]> {
  const { session } = await theShop();
  return await session.rows(
    "SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = $1 " +
      "ORDER BY ordinal_position",
    [name],
  );
}

/** @throws {InputError} when there is no such table. */
async function existing(name: string): Promise<string> {
  const names = await tableNames();
  if (names.includes(name)) return name;
  throw new InputError("No such table", {
    expected: `one of ${names.join(", ")}`,
    found: JSON.stringify(name),
    remedy: "`await tables()` shows what they hold.",
  });
}
