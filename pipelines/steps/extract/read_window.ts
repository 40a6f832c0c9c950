import type { RawTable } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { ExtractedTable, MergeKey, RowSelection, TableSource } from "shopflow/sources/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { isSince, nameList, onlyRow, rawFileRows, readingRawFiles } from "./row_sql.ts";

/** Which part of a table a run reads: rows from a time on, or all. */
export interface ReadWindow {
  /** `YYYY-MM-DD HH:MM:SS.fff` of the watched columns; undefined: all rows are read. */
  from?: string;
  /** Keys of which all rows are read as well, whatever their time. */
  keys?: MergeKey[];
  /** Months that are read as well, whatever the time of their rows. */
  months?: string[];
}

const DAY = 24 * 60 * 60 * 1000;

/**
 * Whether the window would begin at a time that has not come: the source's clock was ahead when it was last read.
 *
 * @param sourceTime What it says now, as `YYYY-MM-DD HH:MM:SS.fff`.
 */
export function isWatermarkAhead(
  { strategy }: ExtractedTable,
  { known, sourceTime }: { known: Pick<RawTable, "watermark"> | undefined; sourceTime: string },
): boolean {
  if (strategy.kind !== "watermark" || known?.watermark === undefined) return false;
  return timeOf(known.watermark) - strategy.lookbackDays * DAY > timeOf(sourceTime);
}

/** Milliseconds of a time without a zone, which is UTC. */
const timeOf = (text: string) => Date.parse(`${text.replace(" ", "T")}Z`);

/**
 * Chooses what to read of a table: rows from the look-back before its watermark on, or all when it was never read, or
 * a full refresh is due.
 *
 * @param now What the clock says (ISO 8601).
 */
export function chooseWindow(
  { strategy }: ExtractedTable,
  known: Pick<RawTable, "watermark" | "refreshedAt" | "controlTotals"> | undefined,
  now: string,
): ReadWindow {
  if (strategy.kind === "snapshot") return {};
  if (known?.watermark === undefined || known.refreshedAt === undefined) return {};
  // The next ones are those before, moved on.
  if (known.controlTotals === undefined) return {};
  const age = Date.parse(now) - Date.parse(known.refreshedAt);
  // Refreshed in the future: by a clock that was ahead, so nobody knows how long ago.
  if (age < 0 || age >= strategy.fullRefreshDays * DAY) return {};
  const from = new Date(timeOf(known.watermark) - strategy.lookbackDays * DAY);
  return { from: from.toISOString().replace("T", " ").slice(0, -1) };
}

/** The rows of a window, as the selection that a source takes. */
export function selectionOf(
  { keyLookup }: Pick<TableSource, "keyLookup">,
  table: ExtractedTable,
  { from, keys, months }: ReadWindow,
): RowSelection {
  if (from === undefined) return {};
  const { strategy, measures: { date } } = table;
  const closed = strategy.kind === "watermark" ? strategy.closedWhen : undefined;
  return {
    since: { columns: timeColumns(table), from },
    ...(keyLookup === "scan" && closed !== undefined && { unless: closed }),
    ...(keys !== undefined && keys.length > 0 && { keys }),
    ...(months !== undefined && date !== undefined && { months: { column: date, months } }),
  };
}

/** Columns with the times that a window is about; none where a table has no times. */
export function timeColumns({ strategy }: ExtractedTable): string[] {
  if (strategy.kind === "snapshot") return [];
  const { column, correctedColumn } = strategy;
  return correctedColumn === undefined ? [column] : [column, correctedColumn];
}

/** Adds the rows that can still change to a condition. */
export function orOpen({ strategy }: ExtractedTable): string {
  if (strategy.kind !== "watermark" || strategy.closedWhen === undefined) return "";
  const { column, value } = strategy.closedWhen;
  return ` OR ${sqlName(column)} IS DISTINCT FROM ${sqlString(value)}`;
}

/**
 * Widens a window, where asking for single keys costs as much as reading the table, so that one request gives all rows
 * of the keys that it is about: those with a row in the window or still open, and those with several rows.
 *
 * Where keys can be asked for together, those with rows outside the window are added. Where they cannot be asked for at
 * all, the window reaches back to the oldest row that is still open.
 *
 * @throws {LakeError} when a raw file cannot be read.
 */
export async function completeWindow(
  session: Session,
  store: Pick<ObjectStore, "localPath">,
  { keyLookup }: Pick<TableSource, "keyLookup">,
  table: ExtractedTable,
  { window, known }: { window: ReadWindow; known: RawTable | undefined },
): Promise<ReadWindow> {
  const { from } = window;
  const { strategy, mergeKey } = table;
  if (from === undefined || strategy.kind !== "watermark" || known === undefined || keyLookup === "indexed") {
    return window;
  }
  const paths = await Promise.all(known.files.map(({ key }) => store.localPath(key)));
  const keys = nameList(mergeKey);
  const isWithin = isSince(timeColumns(table), from, { withUndated: keyLookup !== "none" });
  await readingRawFiles(table, () =>
    session.run(
      `CREATE OR REPLACE TABLE lake_rows AS
         SELECT ${keys}, ${sqlName(strategy.column)} AS time, ${isWithin} AS is_within,
                (${isWithin}${orOpen(table)}) AS is_due, _deleted
         FROM (${rawFileRows(paths, table)})
         QUALIFY rank() OVER (PARTITION BY ${keys} ORDER BY _extracted_at DESC, _run DESC) = 1`,
    ));
  if (keyLookup === "none") {
    const { time } = await onlyRow<{ time: string | null }>(
      session,
      `SELECT strftime(min(time), '%Y-%m-%d %H:%M:%S.%f') AS time FROM (
         SELECT min(time) AS time FROM lake_rows WHERE NOT _deleted GROUP BY ${keys} HAVING bool_or(is_due)
       ) AS due`,
    );
    return time !== null && time < from ? { ...window, from: time } : window;
  }
  const texts = mergeKey.map((name) => `CAST(${sqlName(name)} AS VARCHAR) AS ${sqlName(name)}`).join(", ");
  const rows = await session.rows<Record<string, string | null>>(
    `SELECT ${texts} FROM lake_rows WHERE NOT _deleted GROUP BY ${keys}
     HAVING (bool_or(is_due) OR count(*) > 1) AND NOT bool_and(is_within) ORDER BY ${keys}`,
  );
  return { ...window, keys: rows.map((row): MergeKey => mergeKey.map((name) => row[name] ?? null)) };
}
