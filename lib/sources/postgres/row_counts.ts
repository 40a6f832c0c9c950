/** Counts the rows of a table of the shop, and finds those with a wrong value. */
// @ts-types="@types/pg"
import type pg from "pg";
import {
  controlTotalsSql,
  INVALID,
  monthlyTotals,
  type QuarantinedRow,
  type SourceTotals,
  totalRows,
  type TotalsRow,
} from "../source.ts";
import { sqlIdentifier, sqlLiteral } from "./conversion.ts";
import { type TableComparison, validSql, valueSql } from "./shop_tables.ts";

/** Control totals of the rows that are right, and the number of those that are not. */
export async function readControlTotals(
  client: pg.Client,
  comparison: TableComparison,
): Promise<SourceTotals & { invalid: number }> {
  const { table, rows, columns } = comparison;
  const measured = new Set(Object.values(table.measures));
  const selected = columns.filter(({ name }) => measured.has(name)).map((column) =>
    `${valueSql(column)} AS ${sqlIdentifier(column.name)}`
  );
  const relation = `(SELECT ${
    [...selected, `${validSql(comparison)} AS is_valid`].join(", ")
  } FROM ${rows?.from}) AS ${sqlIdentifier(table.name)}`;
  const { [INVALID]: invalid, ...months } = monthlyTotals(
    (await client.query<TotalsRow>(controlTotalsSql(table, relation, "is_valid"))).rows,
  );
  return { rows: totalRows(months), months, invalid: invalid?.rows ?? 0 };
}

/** Rows with a wrong value that are read in all: more are an error whatever the limit is. */
const MOST_INVALID = 100_000;

/** Rows with a wrong value, with their keys and what is wrong. */
export async function readInvalidRows(
  client: pg.Client,
  comparison: TableComparison,
  limit = MOST_INVALID,
): Promise<QuarantinedRow[]> {
  const { table, rows, columns } = comparison;
  const checkedColumns = columns.filter(({ conversion }) => conversion?.isValid !== undefined);
  const named = (columns: string[]) =>
    columns.length === 0 ? "'{}'" : `json_build_object(${columns.join(", ")})`;
  const key = table.key.flatMap((name) => {
    const source = columns.find((column) => column.name === name)?.source;
    return source === undefined ? [] : [sqlLiteral(name), `source.${sqlIdentifier(source.name)}::text`];
  });
  const wrong = checkedColumns.flatMap(({ name, source, conversion }) => [
    sqlLiteral(name),
    `CASE WHEN NOT (${conversion!.isValid}) THEN ${sqlIdentifier(source!.name)}::text END`,
  ]);
  const all = rows?.columns.map(({ name }) => sqlIdentifier(name)).join(", ");
  const { rows: found } = await client.query<
    Record<"key" | "wrong", Record<string, string | null>> & { row: string }
  >(
    `SELECT ${named(key)} AS key, ${named(wrong)} AS wrong, row_to_json(source)::text AS row
     FROM (SELECT ${all} FROM ${rows?.from}) AS source WHERE NOT (${validSql(comparison)}) LIMIT ${limit}`,
  );
  return found.map(({ key, wrong, row }) => ({
    key: Object.entries(key).map(([name, value]) => `${name} ${value ?? "NULL"}`).join(", "),
    values: checkedColumns.flatMap(({ name, conversion }) => {
      const value = wrong[name];
      return value === null || value === undefined
        ? []
        : { column: name, expected: conversion!.expected, found: value };
    }),
    row,
  }));
}
