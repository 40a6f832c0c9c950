import { LakeError, WarehouseError } from "shopflow/errors/mod.ts";
import type { ExtractedTable } from "shopflow/sources/mod.ts";
import { betweenExtremes, type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { columnNames, digestOf, nameList, ofUnits, rawRows, sameUnit } from "./row_sql.ts";
import type { Window } from "./window.ts";

/**
 * Makes the tables `known` and `known_units` of what the raw layer holds of the units that a window is about:
 * those that came in, those with a row in the window, and those that are not settled.
 *
 * @param paths Local paths of the table's raw files.
 * @param undated Whether rows without a time count as in the window.
 * @throws {LakeError} when a raw file cannot be read.
 */
export async function readKnown(
  session: Session,
  table: ExtractedTable,
  paths: string[],
  { from }: Window,
  { undated }: { undated: boolean },
): Promise<void> {
  const { unit, strategy } = table;
  const names = columnNames(table);
  const units = nameList(unit);
  const within = from === undefined || strategy.kind === "full-compare"
    ? undefined
    : `coalesce(${sqlName(strategy.column)} >= TIMESTAMP ${sqlString(from)}, ${undated})`;
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
      SELECT ${nameList(names)}, _deleted
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
    SELECT ${units}, count(*) AS rows, ${digestOf(names)} AS digest, bool_or(${due ?? "true"}) AS due,
           bool_or(NOT ${within ?? "true"}) AS outside
    FROM known GROUP BY ALL`);
  await session.run(`DELETE FROM known_units WHERE NOT due
    AND NOT EXISTS (SELECT 1 FROM incoming WHERE ${sameUnit(unit, "incoming", "known_units")})`);
}

/** Makes the table `incoming_units` of the rows in `incoming`. */
export async function groupIncoming(session: Session, table: ExtractedTable): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE incoming_units AS
    SELECT ${nameList(table.unit)}, count(*) AS rows, ${digestOf(columnNames(table))} AS digest
    FROM incoming GROUP BY ALL`);
}
