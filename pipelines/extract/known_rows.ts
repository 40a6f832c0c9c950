import { LakeError, WarehouseError } from "shopflow/errors/mod.ts";
import { type ExtractedTable, monthSql } from "shopflow/sources/mod.ts";
import { betweenExtremes, type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { columnNames, digestOf, nameList, ofUnits, rawRows, sameUnit } from "./row_sql.ts";
import type { Window } from "./window.ts";

/**
 * Makes the tables `known` and `known_units` of what the raw layer holds of the units that a window is about:
 * those that came in, those with a row in the window, and those that are not settled.
 *
 * @param paths Local paths of the table's raw files.
 * @param undated Whether rows without a time count as in the window.
 * @param now Time of the run (ISO 8601).
 * @throws {LakeError} when a raw file cannot be read.
 */
export async function readKnown(
  session: Session,
  table: ExtractedTable,
  paths: string[],
  { from, months }: Window,
  { undated, now }: { undated: boolean; now: string },
): Promise<void> {
  const { unit, strategy } = table;
  const names = columnNames(table);
  const units = nameList(unit);
  const within = from === undefined || strategy.kind === "full-compare"
    ? undefined
    : `(coalesce(${sqlName(strategy.column)} >= TIMESTAMP ${sqlString(from)}, ${undated})${
      ofMonths(table, months)
    })`;
  const unsettled = strategy.kind === "watermark" && strategy.unsettled
    ? ` OR ${sqlName(strategy.unsettled.column)} IS DISTINCT FROM ${sqlString(strategy.unsettled.settled)}`
    : "";
  const due = within && `(${within}${unsettled})`;
  try {
    await session.run(`CREATE OR REPLACE VIEW history AS ${rawRows(paths, table)}`);
    if (due) {
      await session.run(`CREATE OR REPLACE TABLE candidates AS
        SELECT ${units} FROM incoming UNION SELECT ${units} FROM history WHERE ${due}`);
    }
    const wanted = due && strategy.kind === "watermark"
      ? `${ofUnits(unit, "history", "candidates")} AND ${await betweenExtremes(
        session,
        strategy.column,
        ofUnits(unit, "history", "candidates"),
      )}`
      : "history";
    await session.run(`CREATE OR REPLACE TABLE known AS
      SELECT ${nameList(names)}, _extracted_at, _deleted
      FROM ${wanted}
      QUALIFY rank() OVER (PARTITION BY ${units} ORDER BY _extracted_at DESC, _run DESC) = 1`);
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    throw new LakeError(`The raw files of ${table.name} cannot be read`, {
      expected: "Parquet files with the columns of the table",
      found: cause.cause instanceof Error ? cause.cause.message : cause.message,
      remedy: "Delete the damaged file from the lake and run the extract again.",
      cause,
    });
  }
  await session.run("DELETE FROM known WHERE coalesce(_deleted, false)");
  await session.run(`CREATE OR REPLACE TABLE known_units AS
    SELECT ${units}, count(*) AS rows,
           CASE WHEN NOT bool_or(${becameDue(table, now)}) THEN ${digestOf(names)} END AS digest,
           bool_or(${due ?? "true"}) AS due,
           bool_or(NOT ${within ?? "true"}) AS outside
    FROM known GROUP BY ALL`);
  await session.run(`DELETE FROM known_units WHERE NOT due
    AND NOT EXISTS (SELECT 1 FROM incoming WHERE ${sameUnit(unit, "incoming", "known_units")})`);
}

/** Adds the rows of some months to a condition. */
function ofMonths({ measures: { date } }: ExtractedTable, months: string[] = []): string {
  return date === undefined || months.length === 0
    ? ""
    : ` OR ${monthSql(date)} IN (${months.map(sqlString).join(", ")})`;
}

/**
 * Whether a row was dated in the future when it was extracted, and is so no more. Such a row is written again: by
 * the time of its extract, facts tell a date that came to pass from a mistyped one.
 */
function becameDue({ measures: { date } }: ExtractedTable, now: string): string {
  if (date === undefined) return "false";
  const day = `CAST(${sqlName(date)} AS DATE) - INTERVAL 1 DAY`;
  return `coalesce(${day} > CAST(_extracted_at AS DATE) AND ${day} <= DATE ${
    sqlString(now.slice(0, 10))
  }, false)`;
}

/** Makes the table `incoming_units` of the rows in `incoming`. */
export async function groupIncoming(session: Session, table: ExtractedTable): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE incoming_units AS
    SELECT ${nameList(table.unit)}, count(*) AS rows, ${digestOf(columnNames(table))} AS digest
    FROM incoming GROUP BY ALL`);
}
