import type { RawTable, Watermark } from "shopflow/lake/mod.ts";
import type { ExtractedTable, RowSelection } from "shopflow/sources/mod.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Which part of a table a run reads: rows from a time on, or all. */
export interface Window {
  /** `YYYY-MM-DD HH:MM:SS.fff` of the watched column; undefined: the whole table is compared. */
  from?: string;
  /** Months that are read as well, whatever the time of their rows. */
  months?: string[];
}

/**
 * Chooses what to read of a table: rows from the lag before its watermark on, or all of it when it was never
 * read, by an extract that kept its figures, when it is due to be compared whole, or when `whole` says so.
 *
 * @param now What the clock says (ISO 8601).
 */
export function chooseWindow(
  { strategy }: ExtractedTable,
  known: RawTable | undefined,
  watermark: Watermark | undefined,
  { now, whole }: { now: string; whole: boolean },
): Window {
  if (whole || strategy.kind === "full-compare" || known?.figures === undefined) return {};
  if (watermark?.value === undefined) return {};
  const age = Date.parse(now) - Date.parse(watermark.comparedAt);
  // Compared in the future: by a clock that was ahead, so nobody knows how long ago.
  if (age < 0 || age >= strategy.fullEveryDays * DAY) return {};
  const from = new Date(Date.parse(`${watermark.value.replace(" ", "T")}Z`) - strategy.lagDays * DAY);
  return { from: from.toISOString().replace("T", " ").slice(0, -1) };
}

/** The rows of a window, as a source is asked for them. */
export function selectionOf({ strategy, measures: { date } }: ExtractedTable, window: Window): RowSelection {
  const { from, months } = window;
  return {
    ...(from !== undefined && strategy.kind === "watermark" && { since: { column: strategy.column, from } }),
    ...(months !== undefined && date !== undefined && { months: { column: date, months } }),
  };
}
